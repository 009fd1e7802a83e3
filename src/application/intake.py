"""Callers who enqueue one job each at the same time share a transaction, and each gets an answer of its own."""

import asyncio
from collections import deque
from collections.abc import Iterator, Sequence
from typing import Final

import attrs

from ..domain.errors import InvalidJob, Overloaded, Unavailable
from ..domain.ids import UserId
from .enqueue import Draft, Enqueue, Reach, Render, Replayed, Review, content, everywhere
from .ports.idempotency import IdempotencyKey
from .ports.intake import Entry, Intake, Keeping
from .ports.jobs import Created, Enqueued
from .recent_tasks import RecentTasks
from .signals import announce

SET_JOBS: Final = 500
SET_BYTES: Final = 4 * 1024 * 1024
"""No transaction carries more jobs or, but for a single job, more payload than this."""

ROOM: Final = 5_000
ROOM_BYTES: Final = 64 * 1024 * 1024
"""When so many jobs, or so much payload, wait already, further callers are sent away."""


@attrs.frozen
class Asked:
    """One caller's wish: a job, whose it will be, where the caller may put it, and how to repeat it harmlessly.

    `render` writes down the answer that is kept under `key`; `review` raises to keep nothing.
    """

    draft: Draft
    owner: UserId | None = None
    reaches: Reach = everywhere
    review: Review = content
    key: IdempotencyKey | None = None
    render: Render | None = None

    @property
    def keeping(self) -> Keeping | None:
        """What is to be kept beside the job."""
        if self.key is None or self.render is None:
            return None
        render = self.render
        return Keeping(self.key, lambda created: render([created]))


class _Turn:
    """One caller, and the future in which it waits: for its answer, or for `None`, which sends it to ask alone."""

    __slots__ = ("answer", "asked", "entry")

    def __init__(self, asked: Asked) -> None:
        self.asked = asked
        self.entry: Entry | None = None
        self.answer: asyncio.Future[Created | None] = asyncio.get_running_loop().create_future()

    @property
    def size(self) -> int:
        return len(self.asked.draft.spec.payload)

    def give(self, answer: Created | None) -> None:
        if not self.answer.done():
            self.answer.set_result(answer)

    def refuse(self, error: Exception) -> None:
        if not self.answer.done():
            self.answer.set_exception(error)


class _Line:
    """Turns that wait, first come, first taken."""

    def __init__(self) -> None:
        self._turns: deque[_Turn] = deque()
        self._bytes = 0

    def join(self, turn: _Turn) -> None:
        """Put a turn at the end; raise `Overloaded` if too many stand there already."""
        if len(self._turns) >= ROOM or self._bytes >= ROOM_BYTES:
            raise Overloaded
        self._turns.append(turn)
        self._bytes += turn.size

    def leave(self, turn: _Turn) -> None:
        """Take a turn out again, unless it was taken before."""
        if turn in self._turns:
            self._turns.remove(turn)
            self._bytes -= turn.size

    def take(self) -> list[_Turn]:
        """Return the next set: no more than one transaction should carry, and no idempotency key twice.

        A lock that a transaction holds it is given again, so that the set itself has to tell equal keys apart. A twin
        stays in the line, and finds the answer of the first.
        """
        taken: list[_Turn] = []
        later: list[_Turn] = []
        keys: set[tuple[str, str]] = set()
        size = 0
        while self._turns and len(taken) < SET_JOBS and (not taken or size + self._turns[0].size <= SET_BYTES):
            turn = self._turns.popleft()
            name = _name(turn.asked.key)
            if name in keys:
                later.append(turn)
                continue
            keys |= set() if name is None else {name}
            taken.append(turn)
            size += turn.size
        self._bytes -= size
        self._turns.extendleft(reversed(later))
        return taken


@attrs.define(eq=False)
class EnqueueTogether:
    """Store single jobs, those of callers who come at the same time in one transaction.

    There is no timer: a lone caller goes straight through. While a transaction is under way in each of `intakes`, those
    who come gather into the next. Whatever is not plain (a unique key that is held, an idempotency key that was used, a
    queue that can be full, a job that cannot be stored) is left out of the set and answered alone, by `enqueue`.
    """

    enqueue: Enqueue
    intakes: Sequence[Intake]
    _idle: list[Intake] = attrs.field(init=False)
    _tasks: RecentTasks = attrs.field(init=False)
    _line: _Line = attrs.field(factory=_Line, init=False)
    _flights: "set[asyncio.Task[None]]" = attrs.field(factory=set, init=False)

    def __attrs_post_init__(self) -> None:
        self._idle = list(reversed(self.intakes))
        self._tasks = RecentTasks(self.enqueue.clock)

    async def __call__(self, asked: Asked) -> Enqueued | Replayed:
        """Return what came of one job, once it is durable.

        Raises what `Enqueue` raises, and `Overloaded` when too many wait already; then nothing is stored.
        """
        turn = _Turn(asked)
        self._line.join(turn)
        if self._idle:
            flight = asyncio.create_task(self._fly_all(self._idle.pop()), name="equeue-intake")
            self._flights.add(flight)
            flight.add_done_callback(self._flights.discard)
        try:
            created = await turn.answer
        except asyncio.CancelledError:
            self._line.leave(turn)
            raise
        return created or await self._alone(asked)

    async def close(self) -> None:
        """Wait for what is under way."""
        if self._flights:
            await asyncio.wait(self._flights)

    async def _alone(self, asked: Asked) -> Enqueued | Replayed:
        if asked.key is None or asked.render is None:
            (answer,) = await self.enqueue([asked.draft], asked.owner, reaches=asked.reaches, review=asked.review)
            return answer
        told = await self.enqueue.once(
            [asked.draft], asked.owner, asked.key, asked.render, reaches=asked.reaches, review=asked.review
        )
        return told if isinstance(told, Replayed) else told[0]

    async def _fly_all(self, intake: Intake) -> None:
        """Carry one set after another for as long as callers wait."""
        try:
            while turns := self._line.take():
                await self._fly(intake, turns)
        finally:
            self._idle.append(intake)

    async def _fly(self, intake: Intake, turns: Sequence[_Turn]) -> None:
        try:
            await self._take(intake, await self._checked(intake, turns))
        except BaseException as error:
            for turn in turns:
                turn.refuse(_retold(error))
            if not isinstance(error, Exception):
                raise

    async def _checked(self, intake: Intake, turns: Sequence[_Turn]) -> Sequence[_Turn]:
        """Return the turns whose jobs keep the rules; the others are told at once which they break."""
        await self.enqueue.policies.renew()
        declared = await self._tasks.find({turn.asked.draft.spec.task for turn in turns}, intake.declared)
        for turn in turns:
            asked = turn.asked
            try:
                (birth,) = self.enqueue.births([asked.draft], asked.owner, asked.reaches, declared)
            except Exception as refusal:  # noqa: BLE001 - whose it is, the caller raises it
                turn.refuse(refusal)
            else:
                if self.enqueue.is_bounded(birth.spec.queue):
                    turn.give(None)
                else:
                    turn.entry = Entry(birth, asked.keeping)
        return [turn for turn in turns if turn.entry is not None]

    async def _take(self, intake: Intake, turns: Sequence[_Turn]) -> None:
        """Store what can be stored: a refused set is halved until whoever spoils it stands alone."""
        if not turns:
            return
        try:
            answers = await intake.take([turn.entry for turn in turns if turn.entry is not None])
        except InvalidJob:
            if len(turns) == 1:
                turns[0].give(None)
                return
            for half in _halves(turns):
                await self._take(intake, half)
            return
        for turn, answer in zip(turns, answers, strict=True):
            turn.give(answer)
        await announce(self.enqueue.queue, [answer.job.queued() for answer in answers if answer is not None])


def _name(key: IdempotencyKey | None) -> tuple[str, str] | None:
    return None if key is None else (key.principal, key.key)


def _halves(turns: Sequence[_Turn]) -> Iterator[Sequence[_Turn]]:
    middle = len(turns) // 2
    yield turns[:middle]
    yield turns[middle:]


def _retold(error: BaseException) -> Exception:
    """Return what a caller is told; whatever interrupted the set tells it only that nothing is known."""
    if isinstance(error, Exception) and not isinstance(error, Unavailable):
        return error
    return Unavailable("the database did not answer: the job may or may not be stored")
