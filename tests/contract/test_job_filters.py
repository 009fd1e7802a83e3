"""Filters mean the same wherever jobs are kept, and never look further than a window."""

import random
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import attrs
import pytest
from tests.builders import OOPS, OTHER_OWNER, OWNER, WORKER, a_birth, minutes
from tests.contract.world import World

from equeue.application.ports.reads import Count, JobFilter, JobPage, Position
from equeue.domain.access import admits
from equeue.domain.filter_text import read
from equeue.domain.job import Job
from equeue.domain.outcomes import Discarded, Failed, JobError, Succeeded
from equeue.domain.spec import Unique

RESET = JobError.of("net.ConnectionError", "connection reset by 100% of \\peers", "Traceback", "Connection:reset")
PAYLOADS = (
    b'{"user": {"id": 42, "name": "jo"}, "tags": ["a", {"b": 1}], "flag": true, "x y": 1}',
    b'{"user": {"id": "42", "name": "jane_doe"}, "n": null, "big": 123456789012345678.5}',
    b'{"user": {"id": 42.0, "name": "jane doe"}, "tags": {"0": "a"}, "flag": 1}',
    b'{"user": [42], "flag": "true", "n": "null"}',
    b"{}",
)


async def some_jobs(world: World) -> list[Job]:
    """Store jobs that differ in every respect that a filter knows, some of them created at one instant."""
    births = [
        a_birth(
            owner=(OWNER, OTHER_OWNER, None)[n % 3],
            queue=("mail", "mail_x", "bills")[n % 3],
            task=("mail.send", "bill.print")[n % 2],
            tags=((), ("vip",), ("vip", "e_u"), ("100%",))[n % 4],
            priority=n % 5,
            payload=PAYLOADS[n % len(PAYLOADS)],
            concurrency_key=(None, "customer:42", "c_1")[n % 3],
            unique=Unique("order") if n == 3 else None,
            max_retries=n % 3,
        )
        for n in range(20)
    ]
    for part in (births[:7], births[7:12], births[12:]):
        await world.enqueue(*part)
        await world.let_pass(minutes(20))
    for n, outcome in enumerate(
        (Succeeded(b"1"), Failed(OOPS), Discarded(OOPS), Discarded(RESET), Failed(RESET), None)
    ):
        claim = await world.reclaimed(births[n * 3].job_id)
        if outcome is not None:
            await world.settle(claim, outcome)
    await world.cancel(births[1].job_id)
    found = [await world.job(birth.job_id) for birth in births]
    return sorted(found, key=lambda job: (job.created_at, job.id))


async def listed(world: World, text: str, **facts: Any) -> list[Job]:
    """Return the jobs that a filter's text means, the newest first."""
    page = await world.reads.page(JobFilter(condition=read(text), **facts), limit=100)
    assert not page.has_more
    return list(page.items)


TERMS = (
    "status:dead", "status:queued,running", "-status:queued", "finished:>-1d", "queue:mail", "queue:mail*", "queue:m*l",
    "queue:mail,bills", 'queue~"il_"', "task:mail.*", "tag:vip", "tag:v*,100%", 'tag~"_"', "tag:e*u", "priority:3",
    "priority:1..2", "priority:>2,0", "priority:<0", "attempt:>0", "retry_count:1", "max_retries:>=1",
    "created:>-30m", "created:<-50m", "created:-45m..-10m", "created:>-10m,<-50m", "created:2026-11-22",
    "run_at:>now", "run_at:<=now", "started:>-1d", "error:net.*", "error:ValueError", 'error~"100%"', 'error~"\\\\"',
    'error~"RESET"', "fingerprint:Connection:reset", "fingerprint:V*", "fingerprint:none,ValueError:oops",
    f"worker:{WORKER}", "concurrency_key:c*", 'concurrency_key:"c_1"', 'concurrency_key:"c*1"', "unique_key:order",
    f"parent:{WORKER}", "payload.user.id:42", 'payload.user.id:"42"', "payload.user.id:>41", "payload.user.id:42..43",
    "payload.user.0:42", "payload.user.name:j*e_doe", 'payload.user.name~"_"', "payload.tags.0:a", "payload.tags.1.b:1",
    "payload.flag:true", "payload.flag:1", 'payload.flag:"true"', "payload.n:null", 'payload.n:"null"',
    'payload."x y":1', "payload.user:42", "payload.big:>=123456789012345678.5", "payload.big:>123456789012345678.5",
    "payload.none:1", 'payload.user.id~"4"',
)  # fmt: skip


@pytest.mark.parametrize("first", range(4))
async def test_a_filter_means_the_same_jobs_as_in_the_domain(world: World, first: int) -> None:
    """Each term, its opposite, and both or either of two; where a job has no such field, too."""
    jobs = (await some_jobs(world))[::-1]
    chance = random.Random(first)
    said = [*TERMS[first::4], *(f"-({term})" for term in TERMS[first::4])]
    said += [
        f"{chance.choice(said)} {chance.choice(('', 'OR '))}{chance.choice(said)} {chance.choice(said)}"
        for _ in range(6)
    ]
    for text in said:
        now = await world.now()
        tree = read(text)
        assert tree is not None
        expected = [job.id for job in jobs if tree.at(now).means(job)]
        assert [job.id for job in await listed(world, text)] == expected, text
        counts = await world.reads.count(JobFilter(condition=tree), 100)
        assert sum(count.value for count in counts.values()) == len(expected), text


async def test_a_filter_widens_nobodys_reach(world: World) -> None:
    """Whatever it says, by whichever index it is served."""
    jobs = await some_jobs(world)
    ids = ",".join(str(job.id) for job in jobs)
    texts = ("", f"id:{ids}", "fingerprint:Connection:reset,ValueError:oops", "-status:running", "queue:* OR tag:*")
    for text in texts:
        tree = read(text)
        now = await world.now()
        for owner, globs in ((OWNER, ()), (OTHER_OWNER, ("mail*",)), (None, ("bills", "m*l")), (OWNER, ("none",))):
            found = await listed(world, text, owner=owner, queue_globs=globs)
            expected = {
                job.id
                for job in jobs
                if (tree is None or tree.at(now).means(job))
                and (owner is None or job.user_id == owner)
                and admits(globs, job.queue)
            }
            assert {job.id for job in found} == expected, (text, owner, globs)
            counts = await world.reads.count(JobFilter(owner, queue_globs=globs, condition=tree), 100)
            assert sum(count.value for count in counts.values()) == len(expected)


async def test_what_can_mean_nothing_finds_nothing(world: World) -> None:
    """Statuses that exclude each other."""
    await some_jobs(world)
    where = JobFilter(condition=read("status:dead status:queued"))
    assert await listed(world, "status:dead status:queued") == []
    assert await world.reads.count(where, 10) == {}


async def test_plain_words_and_text_mean_the_same(world: World) -> None:
    """There is one tree behind both."""
    await some_jobs(world)
    queues, tasks = ("mail", "bills"), ("mail.send",)
    plain = await world.reads.page(JobFilter(queues=queues, tasks=tasks), limit=100)
    assert list(plain.items) == await listed(world, "queue:bills,mail task:mail.send")
    assert JobFilter(queues=queues, tasks=tasks).tree == read("queue:bills,mail task:mail.send")


def narrow(world: World, window: int) -> World:
    """Return a world whose lists look at so many jobs at a time."""
    reads: Any = world.reads
    return attrs.evolve(world, reads=attrs.evolve(reads, window=window))


async def walk(world: World, where: JobFilter, *, limit: int, oldest_first: bool) -> tuple[list[Job], list[JobPage]]:
    """Read on to the end, from where each page says that it ended."""
    jobs: list[Job] = []
    pages: list[JobPage] = []
    after = None
    while True:
        page = await world.reads.page(where, limit=limit, after=after, oldest_first=oldest_first)
        jobs.extend(page.items)
        pages.append(page)
        if not page.has_more:
            return jobs, pages
        last = page.items[-1:] and Position(page.items[-1].created_at, page.items[-1].id)
        after = page.scanned_until or last or None
        assert after is not None


@pytest.mark.parametrize("oldest_first", [False, True])
@pytest.mark.parametrize("window", [1, 7, 20])
async def test_a_walk_through_windows_misses_nothing(world: World, window: int, oldest_first: object) -> None:
    """However little each page looks at, every job that is meant is seen once, in order."""
    jobs = await some_jobs(world)
    near = narrow(world, window)
    for text in ("payload.user.id:42", "-tag:vip status:queued,dead"):
        tree = read(text)
        assert tree is not None
        expected = [job.id for job in jobs if tree.means(job)]
        for limit in (1, 50):
            seen, pages = await walk(near, JobFilter(condition=tree), limit=limit, oldest_first=bool(oldest_first))
            assert [job.id for job in seen] == (expected if oldest_first else expected[::-1]), (text, limit)
            assert all(len(page.items) <= limit for page in pages)
            assert all(page.scanned_until is None or len(page.items) <= limit for page in pages)


async def test_a_page_tells_how_far_it_looked(world: World) -> None:
    """Where the window ended it; where an index serves the filter it never does."""
    jobs = await some_jobs(world)
    near = narrow(world, 5)
    page = await near.reads.page(JobFilter(condition=read("tag:none")), limit=10)
    place = Position(jobs[-5].created_at, jobs[-5].id)
    assert (page.items, page.has_more, page.scanned_until) == ((), True, place)
    for served in ("", "status:queued", "created:>-1d", "-status:dead", f"id:{jobs[0].id}", "fingerprint:x"):
        page = await near.reads.page(JobFilter(condition=read(served)), limit=100)
        assert (page.has_more, page.scanned_until) == (False, None), served
    mine = await near.reads.page(JobFilter(OWNER), limit=100)
    assert (len(mine.items), mine.scanned_until) == (7, None)


async def test_a_full_page_ends_with_its_last_job(world: World) -> None:
    """Not where the window ends: what lies between is on the next page."""
    jobs = await some_jobs(world)
    queued = [job for job in jobs[::-1] if job.queue == "mail"]
    page = await narrow(world, 19).reads.page(JobFilter(queues=("mail",)), limit=2)
    assert ([job.id for job in page.items], page.has_more, page.scanned_until) == (
        [job.id for job in queued[:2]],
        True,
        None,
    )


async def test_times_seen_from_now_are_seen_from_when_a_walk_began(world: World) -> None:
    """So that no job falls out of a walk while it is under way."""
    await world.enqueue(a_birth())
    where = JobFilter(condition=read("created:>-1h"))
    first = await world.reads.page(where, limit=10)
    assert len(first.items) == 1
    await world.let_pass(timedelta(hours=2))
    assert not (await world.reads.page(where, limit=10)).items
    then = await world.now() - timedelta(hours=2)
    assert len((await world.reads.page(where, limit=10, as_of=then)).items) == 1


async def test_counts_end_at_their_cap(world: World) -> None:
    """Also of a filter that no index serves."""
    await world.enqueue(*(a_birth(tags=("a",)) for _ in range(5)))
    where = JobFilter(condition=read("tag:a status:queued"))
    counts = [await world.reads.count(where, cap) for cap in (4, 5, 6)]
    told: Sequence[Count] = [next(iter(count.values())) for count in counts]
    assert told == [Count(4, capped=True), Count(5, capped=True), Count(5)]
