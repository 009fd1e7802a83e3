"""People's moves on one job, at the same instant: one wins, and the other is told what the job has become."""

from functools import partial

import pytest
from tests.builders import OOPS, a_birth, an_order, minutes
from tests.integration.races.conftest import Arena

from equeue.application.manage import Answer, Moved
from equeue.domain.errors import AlreadyFinished, InvalidTransition, JobNotFound, StaleEdit
from equeue.domain.job import Job, JobEdit
from equeue.domain.outcomes import Discarded
from equeue.domain.status import JobStatus

pytestmark = pytest.mark.timeout(600)

EDIT = JobEdit(payload=b'{"edited": true}', priority=1)


async def a_dead_job(arena: Arena) -> Job:
    """Return a job that is dead."""
    return await arena.world.ended(await arena.world.claimed(a_birth()), Discarded(OOPS))


def kinds(*answers: Answer) -> list[type]:
    """Return what kinds of answers there are."""
    return [type(answer) for answer in answers]


async def test_retry_races_cancel(arena: Arena) -> None:
    """Either the cancel came too early for a dead job, or it cancelled the job that was queued again."""
    for number in arena.rounds():
        job = await a_dead_job(arena)
        manage = arena.world.manage
        retried, cancelled = await arena.race(number, partial(manage.retry, [job.id]), partial(manage.cancel, [job.id]))
        assert isinstance(retried[job.id], Moved)
        now = await arena.world.job(job.id)
        if now.status is JobStatus.QUEUED:
            assert isinstance(cancelled[job.id], AlreadyFinished)
            await arena.world.cancel(job.id)
        else:
            assert kinds(cancelled[job.id]) == [Moved]
            assert now.status is JobStatus.CANCELLED


async def test_retry_of_a_cancelled_job_races_cancel(arena: Arena) -> None:
    """It ends queued or cancelled, and who is last is not told of a repetition."""
    for number in arena.rounds():
        (job,) = await arena.world.enqueue(a_birth())
        await arena.world.cancel(job.id)
        manage = arena.world.manage
        retried, cancelled = await arena.race(number, partial(manage.retry, [job.id]), partial(manage.cancel, [job.id]))
        assert kinds(retried[job.id], cancelled[job.id]) == [Moved, Moved]
        now = await arena.world.job(job.id)
        assert cancelled[job.id].repeated == (now.status is JobStatus.QUEUED)
        await arena.world.cancel(job.id)


async def test_edit_races_claim(arena: Arena) -> None:
    """The worker runs what the edit says, or the edit is told that it came too late; never a mixture."""
    for number in arena.rounds():
        (job,) = await arena.world.enqueue(a_birth(payload=b'{"edited": false}'))
        claims, edited = await arena.race(
            number,
            lambda: arena.world.leases.claim(an_order(limit=1)),
            partial(arena.world.manage.edit, job.id, EDIT, job.etag),
        )
        claim = claims[0] if claims else await arena.world.reclaimed(job.id)  # passed over while the edit held it
        if isinstance(edited, Moved):
            assert (claim.payload, claim.priority) == (b'{"edited": true}', 1)
        else:
            assert isinstance(edited, StaleEdit)
            assert (claim.payload, claim.priority) == (b'{"edited": false}', 5)
        await arena.world.ended(claim, Discarded(OOPS))


async def test_edit_races_edit(arena: Arena) -> None:
    """Who comes second has not read what the first made of it."""
    for number in arena.rounds():
        (job,) = await arena.world.enqueue(a_birth())
        edit = arena.world.manage.edit
        contenders = [partial(edit, job.id, JobEdit(priority=n), job.etag) for n in (1, 2)]
        answers = await arena.race_behind(job.id, number, *contenders)
        (won,) = [answer for answer in answers if isinstance(answer, Moved)]
        assert sum(isinstance(answer, StaleEdit) for answer in answers) == 1
        assert await arena.world.job(job.id) == won.job


async def test_run_now_races_claim(arena: Arena) -> None:
    """A job that is not due is claimed only once it was made due, and it runs once."""
    for number in arena.rounds():
        (job,) = await arena.world.enqueue(a_birth(delay=minutes(60)))
        claims, answers = await arena.race(
            number,
            lambda: arena.world.leases.claim(an_order(limit=1)),
            partial(arena.world.manage.run_now, [job.id]),
        )
        assert isinstance(answers[job.id], Moved)
        claim = claims[0] if claims else await arena.world.reclaimed(job.id)
        assert (claim.job_id, claim.attempt) == (job.id, 1)
        await arena.world.ended(claim, Discarded(OOPS))


async def test_run_now_of_a_due_job_races_claim(arena: Arena) -> None:
    """It changes nothing: the worker that has the job keeps it, and no tag is spent."""
    for number in arena.rounds():
        (job,) = await arena.world.enqueue(a_birth())
        claims, answers = await arena.race(
            number,
            lambda: arena.world.leases.claim(an_order(limit=1)),
            partial(arena.world.manage.run_now, [job.id]),
        )
        answer = answers[job.id]
        assert isinstance(answer, InvalidTransition) or (isinstance(answer, Moved) and answer.repeated)
        claim = claims[0] if claims else await arena.world.reclaimed(job.id)
        assert (await arena.world.job(job.id)).revision == job.revision
        await arena.world.ended(claim, Discarded(OOPS))


async def test_delete_races_retry(arena: Arena) -> None:
    """F22: the job is gone, or it is queued again; never half."""
    for number in arena.rounds():
        job = await a_dead_job(arena)
        manage = arena.world.manage
        deleted, retried = await arena.race_behind(
            job.id, number, partial(manage.delete, [job.id]), partial(manage.retry, [job.id])
        )
        if await arena.world.reads.get(job.id) is None:
            assert kinds(deleted[job.id], retried[job.id]) == [Moved, JobNotFound]
        else:
            assert kinds(deleted[job.id], retried[job.id]) == [InvalidTransition, Moved]
            assert (await arena.world.job(job.id)).status is JobStatus.QUEUED
            assert len(await arena.world.attempts(job.id)) == 1
            await arena.world.cancel(job.id)


async def test_a_double_click_on_delete_deletes_once(arena: Arena) -> None:
    """The second finds nothing."""
    for number in arena.rounds():
        job = await a_dead_job(arena)
        delete = partial(arena.world.manage.delete, [job.id])
        got = await arena.race_behind(job.id, number, delete, delete)
        assert sorted(type(answers[job.id]).__name__ for answers in got) == ["JobNotFound", "Moved"]


async def test_edit_races_cancel(arena: Arena) -> None:
    """The cancel always holds: of the job as it was, or as it was edited."""
    for number in arena.rounds():
        (job,) = await arena.world.enqueue(a_birth())
        manage = arena.world.manage
        edited, cancelled = await arena.race_behind(
            job.id, number, partial(manage.edit, job.id, EDIT, job.etag), partial(manage.cancel, [job.id])
        )
        assert kinds(cancelled[job.id]) == [Moved]
        now = await arena.world.job(job.id)
        assert now.status is JobStatus.CANCELLED
        assert isinstance(edited, Moved | StaleEdit)
        assert isinstance(edited, Moved) == (now.priority == 1)
