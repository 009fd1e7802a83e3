"""What a worker tells the database before it begins: its tasks, and the schedules that its code declares."""

from collections.abc import Callable

from ...application.ports.unit_of_work import UnitOfWork
from ...domain.errors import Unavailable
from ..loops.outage import Patience
from .claiming import Claimer
from .parts import WorkerParts


async def declare(parts: WorkerParts, patience: Patience, claimer: Claimer, gives_up: Callable[[], bool]) -> None:
    """Declare tasks and schedules, and tell the claimer what others declared; tries again until `gives_up`."""
    while not gives_up():
        try:
            async with parts.units_of_work() as unit:
                await unit.catalogue.declare(list(parts.known.declarations()))
                claimer.look_around(await unit.catalogue.all())
                await _declare_schedules(parts, unit)
                await unit.commit()
            patience.worked()
        except Unavailable as away:
            await patience.after(away)
        else:
            return


async def _declare_schedules(parts: WorkerParts, unit: UnitOfWork) -> None:
    if parts.declare_schedules is None:
        return
    for name in await parts.declare_schedules(unit):
        parts.log.warning("schedule.name_is_taken", worker_id=str(parts.worker_id), schedule=name)
