"""Jobs go through a worker: they run, and how they ended is kept."""

from tests.unit.worker.world import World

from equeue import Tasks


async def test_a_job_runs_and_its_result_is_kept(world: World) -> None:
    """What the handler returns is the job's result."""
    tasks = Tasks()

    @tasks.task("sum.two")
    async def add(a: int, b: int = 2) -> int:
        return a + b

    world.start(tasks)
    job_id = await world.enqueue("sum.two", b'{"a":40}')
    await world.until_ended(job_id)
    assert world.job(job_id).result == b"42"
