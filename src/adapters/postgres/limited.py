"""Claims from queues with limits: those who claim take turns, count what runs, and choose what the limits allow."""

from collections import Counter as Counts
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import timedelta
from typing import Any, TypeAlias

import attrs
from psycopg import AsyncConnection

from ...domain.ids import JobId
from ...domain.lease import Claim, ClaimOrder, Granted
from ...domain.limits import SOONEST, OldestFirst
from .claiming import BEFORE_ALL, Claiming, Lane, Mark, claim_facts, in_order, lanes
from .limit_statements import LOCK, PICK, PICK_BY_KEY, PICK_OLDEST, PICK_ONLY, ROOM, SPEND, TAKE
from .rooms import Found, Room, ahead, rooms_of
from .rows import claim_of

Connection: TypeAlias = AsyncConnection[Any]

ROUNDS = 3
"""So often a claim looks again for places that it could not fill at the first look."""

DEPTH = 50
"""Where saturated keys fill a lane, each claim looks so many jobs further for some without a key."""


@attrs.define
class LimitedClaiming:
    """Claims under limits over one connection, and remembers where it was among keys.

    Where any jobs may start, whichever come first, they are not chosen one by one: `_sure` claims as from free queues.
    """

    _sure: Claiming
    _oldest: OldestFirst = attrs.field(factory=OldestFirst, init=False)
    _after_keys: dict[str, str] = attrs.field(factory=dict, init=False)
    _depths: dict[Lane, Mark] = attrs.field(factory=dict, init=False)

    async def claim(
        self, connection: Connection, order: ClaimOrder, only: Collection[JobId] | None = None
    ) -> tuple[Granted, Mapping[str, Room]]:
        """Lease what the limits allow; return it, and the room that is left in queues that have limits or pause.

        Ids are told by priority, so where the oldest have a share a look without ids is to follow at once.

        Nothing is pipelined: a claimer that is frozen in a pipeline, or behind one, is not idle to the server, which
        would never end its turn.
        """
        async with connection.transaction():
            cursor = connection.cursor(binary=True)
            await cursor.execute(LOCK, {"queues": list(order.queues)})
            await cursor.execute(ROOM, {"queues": list(order.queues)})
            rooms = rooms_of(await cursor.fetchall())
            counter = Counter(connection, order if order.begun else ahead(order, rooms), rooms)
            if only is not None:
                await counter.pick(PICK_ONLY, {"queues": list(order.queues), "only": sorted(only)})
            elif counter.all_fit:
                await counter.take_first(self._sure)
            else:
                await self._fill(counter)
            await counter.spend()
        again = counter.again_in
        if only is not None and any(room.shared for room in rooms.values()):
            again = SOONEST
        return Granted.of(in_order(counter.claims, order), again if order.begun else None), rooms

    async def _fill(self, counter: "Counter") -> None:
        """Look in the order of claims; then, for places that are left, past the keys that have no room."""
        for name, room in counter.rooms.items():
            share = room.allowance.limits.oldest_share
            places = 0 if share is None else self._oldest.places(name, share, counter.order.limit)
            if places and counter.open(name):
                await counter.pick(PICK_OLDEST, {"queue": name, "window": places})
        marks: dict[Lane, Mark] = {}
        for _ in range(ROUNDS):
            more = await counter.look([name for name in counter.order.queues if not counter.blocked(name)], marks)
            if not (more and counter.wanted):
                break
        blocked = [name for name in counter.rooms if counter.blocked(name)]
        if counter.wanted and blocked:
            begun_anew = await self._walk_keys(counter, blocked)
            if counter.wanted and begun_anew:
                await self._walk_keys(counter, begun_anew)
        if counter.wanted and blocked:
            await counter.look(blocked, self._depths, DEPTH)

    async def _walk_keys(self, counter: "Counter", queues: Sequence[str]) -> list[str]:
        """Take jobs of keys that have room; return the queues whose keys this walk did not see from the first on."""
        walked = [name for name in queues if counter.open(name)]
        if not walked:
            return []
        full = [(name, key) for name in walked for key in sorted(counter.rooms[name].allowance.saturated)]
        keys = len(full) + counter.wanted + 1
        reached = await counter.pick(
            PICK_BY_KEY,
            {
                "queues": walked,
                "after_keys": [self._after_keys.get(name, "") for name in walked],
                "most": [min(counter.rooms[name].allowance.limits.max_running_per_key or 1, DEPTH) for name in walked],
                "keys": keys,
                "full_queues": [name for name, _ in full],
                "full_keys": [key for _, key in full],
            },
        )
        later = [name for name in walked if self._after_keys.get(name)]
        self._after_keys.update((found.queue, found.key or "") for found in reached)
        return [name for name in later if not self._after_keys[name]]


@attrs.define
class Counter:
    """One claim under limits: what was taken so far, and what may be taken yet."""

    _connection: Connection
    order: ClaimOrder
    rooms: Mapping[str, Room]
    claims: list[Claim] = attrs.field(factory=list, init=False)
    _lost: int = attrs.field(default=0, init=False)
    _passed: list[Found] = attrs.field(factory=list, init=False)

    @property
    def wanted(self) -> int:
        """How many places are left."""
        return self.order.limit - len(self.claims)

    @property
    def again_in(self) -> timedelta | None:
        """When to look again for what could not be taken."""
        if not self.wanted:
            return None
        waits = [room.again_in for room in self.rooms.values()]
        return min([wait for wait in waits if wait is not None] + [SOONEST] * bool(self._lost), default=None)

    def open(self, queue: str) -> bool:
        """Tell whether any job of a queue may start."""
        return queue not in self.rooms or self.rooms[queue].open

    @property
    def all_fit(self) -> bool:
        """Tell whether all that is wanted may start, whichever jobs come first."""
        rooms = (self.rooms[name] for name in self.order.queues if name in self.rooms)
        return all(room.fits(self.wanted) for room in rooms if room.open)

    def blocked(self, queue: str) -> bool:
        """Tell whether jobs of a queue were left because their keys have no room, and others may lie behind them."""
        return queue in self.rooms and self.rooms[queue].keyed and self.rooms[queue].allowance.kept_back

    async def take_first(self, claiming: Claiming) -> None:
        """Take what comes first in the order of claims; it fits."""
        queues = tuple(name for name in self.order.queues if self.open(name))
        if queues and self.wanted:
            self.claims += await claiming.claim(self._connection, attrs.evolve(self.order, queues=queues))
        for claim in self.claims:
            if claim.queue in self.rooms:
                self.rooms[claim.queue].allowance.take(None)

    async def look(self, queues: Sequence[str], marks: dict[Lane, Mark], depth: int = 0) -> bool:
        """Take what lies behind `marks` in the order of claims, and move these on; tell whether there may be more.

        With a `depth` so many jobs of each lane are looked at. A lane that came to its end begins anew the next time.
        """
        probed = lanes([name for name in queues if self.open(name)])
        if not probed:
            return False
        entries = [marks.get(lane, BEFORE_ALL) for lane in probed]
        rooms = {lane: depth or self._room(lane[0]) for lane in probed}
        window, lost = depth * len(probed) or self.wanted, self._lost
        reached = await self.pick(
            PICK,
            {
                "queues": [queue for queue, _ in probed],
                "priorities": [priority for _, priority in probed],
                "rooms": list(rooms.values()),
                "after_run_at": [run_at for run_at, _ in entries],
                "after_id": [job_id for _, job_id in entries],
                "window": window,
            },
        )
        counts = Counts(found.lane for found in reached)
        cut = {lane for lane in probed if counts[lane] == rooms[lane]}
        for lane in probed:
            marks.pop(lane, None)
        marks.update((found.lane, found.mark) for found in self._passed if found.lane in cut or not depth)
        return len(reached) == window or bool(cut) or self._lost > lost

    async def pick(self, statement: str, facts: Mapping[str, Any]) -> list[Found]:
        """Take of what a statement finds what the limits allow; return all that it found."""
        cursor = self._connection.cursor(binary=True)
        await cursor.execute(statement, {**claim_facts(self.order), **facts})
        found = [Found(*row) for row in await cursor.fetchall()]
        chosen = self._chosen(each for each in found if each.job_id is not None)
        if chosen:
            await self._take(chosen)
        return found

    async def spend(self) -> None:
        """Write down what is left of the rates."""
        spent = [(name, room.allowance.left) for name, room in self.rooms.items() if room.allowance.taken]
        left = [(name, bucket) for name, bucket in spent if bucket is not None]
        if left:
            facts = {
                "queues": [name for name, _ in left],
                "tokens": [bucket.tokens for _, bucket in left],
                "instants": [bucket.at for _, bucket in left],
            }
            await self._connection.execute(SPEND, facts, binary=True)

    def _chosen(self, found: Iterable[Found]) -> dict[JobId, Found]:
        """Count what may start, in the order of claims; remember how far each lane was judged."""
        places = {queue: place for place, queue in reversed(list(enumerate(self.order.queues)))}
        held = {claim.job_id for claim in self.claims}
        chosen: dict[JobId, Found] = {}
        self._passed = []
        for each in sorted(found, key=lambda each: (each.priority, places[each.queue], each.run_at, each.job_id)):
            if len(chosen) == self.wanted:
                break
            room = self.rooms.get(each.queue)
            if room is None or room.open:
                self._passed.append(each)
            if each.job_id in held or (room is not None and not room.admits(each.key)):
                continue
            if room is not None:
                room.allowance.take(each.key)
            chosen[each.job_id] = each
        return chosen

    async def _take(self, chosen: Mapping[JobId, Found]) -> None:
        """Lease what was chosen; what somebody else has in hand gives its place back."""
        cursor = self._connection.cursor(binary=True)
        await cursor.execute(TAKE, {**claim_facts(self.order), "ids": sorted(chosen)})
        taken = [claim_of(row) for row in await cursor.fetchall()]
        self.claims += taken
        for job_id in chosen.keys() - {claim.job_id for claim in taken}:
            lost = chosen[job_id]
            self._lost += 1
            if lost.queue in self.rooms:
                self.rooms[lost.queue].allowance.give_back(lost.key)

    def _room(self, queue: str) -> int:
        room = self.rooms[queue].allowance.room if queue in self.rooms else None
        return self.wanted if room is None else min(room, self.wanted)
