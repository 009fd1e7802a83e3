"""Looking at jobs: one's own or all, page by page, each exactly once."""

from tests.builders import OOPS, OTHER_OWNER, OWNER, a_birth, minutes, seconds
from tests.contract.world import World, near

from equeue.application.ports.reads import DOCUMENTS, LEFT_OUT, Attempt, Document, JobFilter, Portion, Position
from equeue.domain.access import Principal, Role
from equeue.domain.job import Job
from equeue.domain.outcomes import Discarded, Failed, JobError, Released, Succeeded
from equeue.domain.status import JobStatus

BRIEF = Portion(whole=frozenset(), small=64)


def a_document(size: int, letter: str = "y") -> bytes:
    """Return a JSON object of so many bytes, written as PostgreSQL writes it."""
    return b'{"x": "%s"}' % (letter.encode() * (size - 9))


async def walk(world: World, where: JobFilter, *, limit: int, oldest_first: bool = False) -> list[Job]:
    """Read every page, and see that only the last says that nothing follows."""
    jobs: list[Job] = []
    after = None
    while True:
        page = await world.reads.page(where, limit=limit, after=after, oldest_first=oldest_first)
        jobs.extend(page.items)
        assert page.items or after is None
        assert len(page.items) == limit or not page.has_more
        if not page.has_more:
            return jobs
        after = Position(jobs[-1].created_at, jobs[-1].id)


async def some_jobs(world: World) -> list[Job]:
    """Store jobs of which many were created at the same instant."""
    jobs = []
    for count in (9, 1, 7):
        jobs += await world.enqueue(*(a_birth(queue=f"q{n % 2}", task=f"t{n % 3}") for n in range(count)))
        await world.let_pass(seconds(1))
    return sorted([await world.job(job.id) for job in jobs], key=lambda job: (job.created_at, job.id))


async def test_a_job_is_found_by_its_id(world: World) -> None:
    """With the store's time, and only if it is there."""
    (job,) = await world.enqueue(a_birth())
    found = await world.reads.get(job.id)
    assert found is not None
    assert (found[0], near(found[1], await world.now())) == (job, True)
    assert found[1].utcoffset() == seconds(0)
    assert await world.reads.get(a_birth().job_id) is None


async def test_a_confined_reader_finds_only_its_own(world: World) -> None:
    """Another person's job, and nobody's, are not there for who sees only their own."""
    mine, theirs, nobodys = await world.enqueue(a_birth(owner=OWNER), a_birth(owner=OTHER_OWNER), a_birth())
    assert [await world.reads.get(job.id, OWNER) is not None for job in (mine, theirs, nobodys)] == [True, False, False]
    page = await world.reads.page(JobFilter(owner=OWNER), limit=10)
    assert page.items == (mine,)


async def test_pages_show_each_job_once_newest_first(world: World) -> None:
    """Jobs created at the same instant are neither skipped nor repeated, whatever the page's length."""
    jobs = await some_jobs(world)
    for limit in (1, 3, 16, 17, 18):
        assert await walk(world, JobFilter(), limit=limit) == jobs[::-1]


async def test_pages_can_be_read_oldest_first(world: World) -> None:
    """The same order backwards."""
    jobs = await some_jobs(world)
    for limit in (1, 4, 17):
        assert await walk(world, JobFilter(), limit=limit, oldest_first=True) == jobs


async def test_one_can_turn_round(world: World) -> None:
    """What lies behind a place in one direction lies before it in the other."""
    jobs = await some_jobs(world)
    place = Position(jobs[8].created_at, jobs[8].id)
    older = await world.reads.page(JobFilter(), limit=50, after=place)
    newer = await world.reads.page(JobFilter(), limit=50, after=place, oldest_first=True)
    assert [*older.items[::-1], jobs[8], *newer.items] == jobs


async def test_a_walk_sees_every_job_although_they_move(world: World) -> None:
    """Transitions and new jobs between two pages hide nothing and show nothing twice."""
    jobs = await some_jobs(world)
    first = await world.reads.page(JobFilter(), limit=8)
    claims = await world.claim("q0", "q1")
    await world.settle(claims[0], Succeeded())
    await world.enqueue(a_birth())
    mark = Position(first.items[-1].created_at, first.items[-1].id)
    rest = await world.reads.page(JobFilter(), limit=50, after=mark)
    assert [job.id for job in (*first.items, *rest.items)] == [job.id for job in reversed(jobs)]


async def test_filters_narrow_and_combine(world: World) -> None:
    """Several words in a field widen it, several fields narrow each other."""
    jobs = await some_jobs(world)
    claims = await world.claim("q0")
    await world.settle(claims[0], Succeeded())
    await world.settle(claims[1], Discarded(OOPS))
    now = {job.id: await world.job(job.id) for job in jobs}
    filters = [
        JobFilter(queues=("q1",)),
        JobFilter(queues=("q0", "q1"), tasks=("t1",)),
        JobFilter(tasks=("t0", "t2")),
        JobFilter(statuses=(JobStatus.DEAD, JobStatus.SUCCEEDED)),
        JobFilter(statuses=(JobStatus.RUNNING,), queues=("q0",), tasks=("t2",)),
        JobFilter(queues=("never",)),
    ]
    for where in filters:
        expected = [
            now[job.id]
            for job in reversed(jobs)
            if (not where.queues or job.queue in where.queues)
            and (not where.tasks or job.task in where.tasks)
            and (not where.statuses or now[job.id].status in where.statuses)
        ]
        assert await walk(world, where, limit=4) == expected


async def test_large_documents_are_left_out_and_named(world: World) -> None:
    """What is over the bound does not come, nor does the page say so of documents that are not there."""
    small, large = a_document(64), a_document(65)
    for payload, result in ((small, small), (small, large), (large, small), (large, large), (large, None)):
        claim = await world.claimed(a_birth(payload=payload))
        await world.settle(claim, Succeeded(result) if result else Discarded(OOPS))
        await world.let_pass(seconds(1))
    page = await world.reads.page(JobFilter(), limit=10, portion=BRIEF, oldest_first=True)
    assert [(job.payload, job.result) for job in page.items] == [
        (small, small),
        (small, LEFT_OUT),
        (LEFT_OUT, small),
        (LEFT_OUT, LEFT_OUT),
        (LEFT_OUT, None),
    ]
    named = [sorted(page.left_out.get(job.id, ())) for job in page.items]
    assert named == [[], ["result"], ["payload"], ["payload", "result"], ["payload"]]


async def test_documents_that_are_asked_for_come_whatever_their_size(world: World) -> None:
    """Each on its own."""
    large = a_document(300_000)
    claim = await world.claimed(a_birth(payload=large))
    await world.settle(claim, Succeeded(large))
    wishes: list[frozenset[Document]] = [
        frozenset(),
        frozenset({"payload"}),
        frozenset({"result"}),
        frozenset(DOCUMENTS),
    ]
    for whole in wishes:
        page = await world.reads.page(JobFilter(), limit=1, portion=Portion(whole=whole, small=64))
        (job,) = page.items
        assert {name for name in DOCUMENTS if getattr(job, name) == large} == whole
        assert page.left_out.get(job.id, frozenset()) == set(DOCUMENTS) - whole


async def test_many_short_words_are_as_large_as_their_text(world: World) -> None:
    """However much room a store itself needs for them."""
    for words in (b'{"x": [%s]}' % b", ".join([word] * 500) for word in (b"0", b"{}", b'""', b'{"": 0}', b"1e-9")):
        (job,) = await world.enqueue(a_birth(payload=words))
        size = len((await world.job(job.id)).payload)
        for small, there in ((size, True), (size - 1, False)):
            page = await world.reads.page(JobFilter(), limit=1, portion=Portion(whole=frozenset(), small=small))
            assert (page.items[0].payload != LEFT_OUT) is there
        await world.let_pass(seconds(1))


async def test_a_page_ends_with_the_job_that_fills_it(world: World) -> None:
    """Fewer jobs than asked for, at least one, and a walk along them misses none."""
    sizes = [400, 100, 500, 99, 1, 2_000, 10, 10]
    for size in sizes:
        await world.enqueue(a_birth(payload=a_document(size) if size > 9 else b"{}"))
        await world.let_pass(seconds(1))
    jobs = (await world.reads.page(JobFilter(), limit=50, oldest_first=True)).items
    pages: list[int] = []
    seen: list[Job] = []
    more, after = True, None
    while more:
        page = await world.reads.page(JobFilter(), limit=3, after=after, oldest_first=True, portion=Portion(page=500))
        pages.append(len(page.items))
        seen.extend(page.items)
        more, after = page.has_more, Position(seen[-1].created_at, seen[-1].id)
    assert tuple(seen) == jobs
    assert pages == [2, 1, 3, 2]


async def test_what_is_left_out_fills_no_page(world: World) -> None:
    """Only what comes counts."""
    await world.enqueue(*(a_birth(payload=a_document(1_000)) for _ in range(5)))
    page = await world.reads.page(JobFilter(), limit=5, portion=Portion(whole=frozenset(), small=64, page=65))
    assert (len(page.items), page.has_more) == (5, False)


async def test_globs_confine_a_page_as_they_confine_a_key(world: World) -> None:
    """`*` is any text, `?` one character, and all else is itself, whatever it means to the store."""
    names = ("email", "email.bulk", "e_mail", "exmail", "e-mail", "emails", "a", "default")
    await world.enqueue(*(a_birth(queue=name) for name in names))
    for globs in (
        (),
        ("email*",),
        ("e_mail",),
        ("e?mail",),
        ("?",),
        ("*.*", "default"),
        ("%",),
        ("e%",),
        ("[ae]*",),
        ("e\\_mail",),
        ("*",),
        ("",),
        ("E*",),
        ("'",),
    ):
        key = Principal(OWNER, Role.ADMIN, frozenset(), None, globs)
        expected = {name for name in names if key.reaches(name)}
        found = await walk(world, JobFilter(queue_globs=globs), limit=3)
        assert ({job.queue for job in found}, len(found)) == (expected, len(expected)), globs


async def test_a_page_of_nothing_is_empty(world: World) -> None:
    """No jobs, nothing more, and still the time."""
    page = await world.reads.page(JobFilter(), limit=5)
    assert (page.items, page.has_more, near(page.server_time, await world.now())) == ((), False, True)


async def counted(world: World, where: JobFilter, cap: int) -> dict[JobStatus, int]:
    """Count, and see that what reaches the cap is said to be capped."""
    counts = await world.reads.count(where, cap)
    assert all(count.capped is (count.value >= cap) for count in counts.values())
    return {status: count.value for status, count in counts.items()}


async def test_jobs_are_counted_by_status_and_no_further_than_asked(world: World) -> None:
    """Under the filter, each status by itself, up to the cap; a status that is not asked for is not there."""
    await world.enqueue(*(a_birth(owner=OWNER, queue="a", task="t1") for _ in range(3)), a_birth(queue="b"))
    claim = await world.claimed(a_birth(owner=OWNER, queue="c"))
    none = dict.fromkeys(JobStatus, 0)
    assert await counted(world, JobFilter(), 10) == none | {JobStatus.QUEUED: 4, JobStatus.RUNNING: 1}
    assert await counted(world, JobFilter(), 4) == none | {JobStatus.QUEUED: 4, JobStatus.RUNNING: 1}
    assert await counted(world, JobFilter(), 3) == none | {JobStatus.QUEUED: 3, JobStatus.RUNNING: 1}
    assert await counted(world, JobFilter(owner=OWNER, queues=("a", "b")), 10) == none | {JobStatus.QUEUED: 3}
    assert await counted(world, JobFilter(tasks=("t1",), queue_globs=("b*",)), 10) == none
    await world.ended(claim, Succeeded())
    ended = JobFilter(statuses=(JobStatus.SUCCEEDED, JobStatus.DEAD))
    assert await counted(world, ended, 10) == {JobStatus.SUCCEEDED: 1, JobStatus.DEAD: 0}


async def test_a_page_counts_the_errors_of_its_jobs(world: World) -> None:
    """Dead jobs with long errors fill a page as large payloads do."""
    long = JobError.of("ValueError", "x" * 3_000)
    for _ in range(4):
        await world.ended(await world.claimed(a_birth()), Discarded(long))
    page = await world.reads.page(JobFilter(), limit=10, portion=Portion(page=5_000))
    assert (len(page.items), page.has_more) == (2, True)
    assert [job.error for job in page.items] == [long, long]


async def test_attempts_come_page_by_page(world: World) -> None:
    """Oldest first, each once, the success on the job itself last; the last page names nothing behind it."""
    await world.enqueue(birth := a_birth(max_retries=9))
    for outcome in (Failed(OOPS), Released(), Failed(OOPS), Succeeded()):
        await world.ended(await world.reclaimed(birth.job_id), outcome)
        await world.let_pass(minutes(5))
    expected = await world.attempts(birth.job_id)
    assert [each.outcome.value for each in expected] == ["failed", "released", "failed", "succeeded"]
    for limit in (1, 2, 3, 4, 5):
        seen: list[Attempt] = []
        after = 0
        while True:
            page = await world.reads.attempts(birth.job_id, after=after, limit=limit)
            assert 1 <= len(page.items) <= limit
            seen += page.items
            if page.next is None:
                break
            after = page.next
        assert seen == expected
        assert not (await world.reads.attempts(birth.job_id, after=1_000)).items
    assert not (await world.reads.attempts(a_birth().job_id)).items


async def test_a_page_of_attempts_ends_with_the_one_that_fills_it(world: World) -> None:
    """One at least, however large; nothing is left out between pages."""
    await world.enqueue(birth := a_birth(max_retries=9))
    for n in range(4):
        await world.ended(await world.reclaimed(birth.job_id), Failed(JobError.of("ValueError", str(n) * 3_000)))
        await world.let_pass(minutes(5))
    numbers, after = [], 0
    for expected in (2, 2):
        page = await world.reads.attempts(birth.job_id, after=after, page=5_000)
        assert len(page.items) == expected
        numbers += [attempt.attempt for attempt in page.items]
        after = page.next or after
    assert numbers == [1, 2, 3, 4]
    assert page.next is None
    assert len((await world.reads.attempts(birth.job_id, page=1)).items) == 1
