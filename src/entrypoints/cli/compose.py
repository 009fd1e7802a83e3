"""Puts the servers together from the container: what the API needs, what a worker is made of."""

import asyncio
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import ExitStack, asynccontextmanager
from functools import partial
from importlib.metadata import version

import attrs

from ...application.binding import KnownTasks
from ...application.middleware import spanned
from ...application.ports.metering import BUILD, Family, Labels, Meter
from ...application.tasks import Tasks
from ...application.topics import Topics
from ...application.waiting import WaitingRoom
from ...domain.account_errors import InvalidUser
from ...domain.errors import InvalidJob, Unavailable
from ..container import Container, build, close, close_doors
from ..http.identity import Identity
from ..http.services import HttpServices, Limits
from ..loops.keeping import maintained
from ..loops.maintaining import Chores, Maintainer
from ..loops.outage import Outage
from ..loops.timers import LoopTimers
from ..securing import secret_keys
from ..settings import BadSetting, Settings
from ..tracing import tracing
from ..worker.parts import DeclareSchedules, WorkerParts, WorkerRules
from ..worker.probes import Probes
from .exits import Exit, Stop

PATIENCE_S = 10.0
"""How long a starting process waits for a database that does not answer: it may be starting too."""

LOOK_S = 0.5


@attrs.frozen
class Shape:
    """What is said of one worker on its command line: which queues by which weights, and when it ends by itself."""

    queues: tuple[str, ...] = ()
    weights: Mapping[str, int] = attrs.Factory(dict)
    burst: bool = False
    max_jobs: int | None = None


def configure_logs(settings: Settings) -> None:
    """Set up this process's logs."""
    build(settings).configure_logs()


async def refuse_misfit(container: Container) -> None:
    """Raise `Stop` with the command that helps unless the database's schema fits this build.

    A database that does not answer is waited for a little; a schema that does not fit is not: somebody has to act.
    """
    end = time.monotonic() + PATIENCE_S
    while True:
        try:
            fit = await container.schema_fit()
        except Unavailable:
            if time.monotonic() >= end:
                raise
            await asyncio.sleep(LOOK_S)
        else:
            break
    if not fit.fits:
        raise Stop(f"{fit.detail}; {fit.remedy}", Exit.CHECK_SAID_NO)


@asynccontextmanager
async def http_services(settings: Settings) -> AsyncIterator[HttpServices]:
    """Give what the API needs, over a database that fits."""
    container, stack = build(settings), ExitStack()
    try:
        await refuse_misfit(container)
        spans = stack.enter_context(tracing(settings, "equeue-api"))
        await _first_admin(container, settings)
        services = HttpServices(
            enqueue=container.enqueue(),
            enqueue_one=container.enqueue_one(),
            manage=container.manage(),
            edit=container.edit(),
            reads=container.reads(),
            explain=container.explain(),
            queues=container.queues(),
            schedules=container.schedules(),
            calendar=container.calendar(),
            dead_letters=container.dead_letters(),
            statistics=container.statistics(),
            bulk=container.steer_bulk(),
            bulk_reads=container.bulk_reads(),
            suggest=container.suggest_filters(),
            units_of_work=container.units_of_work(),
            room=WaitingRoom(container.job_watch(), container.clock(), LoopTimers()),
            topics=Topics(container.topic_watch(), container.clock(), LoopTimers()),
            authenticate=container.authenticate(),
            forget_callers=container.authenticate().forget,
            identity=_identity(container, settings),
            system=container.system(),
            clock=container.clock(),
            ready=container.ready,
            need=container.need(),
            metrics=container.show_metrics(info=_info()),
            meter=container.meter(),
            tracing=spans,
            secret_keys=secret_keys(settings),
            limits=Limits(payload=settings.payload_bytes),
            origins=settings.origins,
        )
        try:
            async with maintained(_maintainer(container), container.log()):
                yield services
        finally:
            await services.room.close()
            await services.topics.close()
            await close_doors(container)
    finally:
        stack.close()
        await close(container)


def _identity(container: Container, settings: Settings) -> Identity:
    return Identity(
        log_in=container.log_in(),
        open_session=container.open_session(),
        carry_on=container.carry_on(),
        people=container.people(),
        change_password=container.change_password(),
        api_keys=container.api_keys(),
        trusted_proxies=settings.trusted_proxies,
        secure_cookies=settings.secure_cookies,
    )


async def _first_admin(container: Container, settings: Settings) -> None:
    """Make the admin whom the settings name, unless there is an admin; any number of replicas may start at once."""
    if not settings.admin_password:
        return
    try:
        made = await container.people().first_admin(settings.admin_email, settings.admin_password)
    except InvalidUser as refused:
        raise BadSetting(
            "EQUEUE_ADMIN_EMAIL or EQUEUE_ADMIN_PASSWORD", f"cannot be used: {refused}", "Set others."
        ) from None
    if made:
        container.log().info("admin.created", email=settings.admin_email)


def _maintainer(container: Container) -> Maintainer:
    log, jitter = container.log(), container.jitter()
    chores = Chores(recover=container.recover(), passes=container.passes(), cadences=container.cadences())
    return Maintainer(chores, LoopTimers(), jitter, Outage(log, jitter), log)


@asynccontextmanager
async def worker_parts(settings: Settings, tasks: Tasks, shape: Shape) -> AsyncIterator[WorkerParts]:
    """Give what a worker is made of, over a database that fits."""
    container, stack = build(settings), ExitStack()
    tasks.include(container.builtin_tasks())
    try:
        await refuse_misfit(container)
        spans = stack.enter_context(tracing(settings, "equeue-worker"))
        known = KnownTasks.of(tasks, container.codec())
        declare = _declaring(container, tasks, known)
        yield WorkerParts(
            worker_id=container.ids().new(),
            known=known,
            codec=container.codec(),
            leases=container.claims(),
            settle=container.settle() if settings.probe_port else container.settle(measure=None),
            open_heartbeat=container.open_heartbeat,
            queue=container.queue(),
            units_of_work=container.units_of_work(),
            recover=container.recover(),
            passes=(*container.passes(), *container.publish_passes(shape.queues or known.queues)),
            cadences=container.cadences(),
            presence=container.presence(),
            transactions=container.transactions(),
            clock=container.clock(),
            jitter=container.jitter(),
            ids=container.ids(),
            log=container.log(),
            rules=_rules(settings, shape),
            middleware=(spanned(spans), *tasks.layers) if settings.traces else tasks.layers,
            tracing=spans,
            backend=settings.queue_backend,
            probes=probes(settings, container.meter()),
            declare_schedules=declare,
        )
    finally:
        stack.close()
        await close(container)


def probes(settings: Settings, meter: Meter) -> Probes | None:
    """Return where a worker answers probes; `None` if it does not."""
    if settings.probe_port is None:
        return None
    return Probes(settings.host, settings.probe_port, meter, _info())


def _info() -> dict[Family, dict[Labels, float]]:
    return {BUILD: {(version("equeue"),): 1.0}}


def _declaring(container: Container, tasks: Tasks, known: KnownTasks) -> DeclareSchedules | None:
    """Return what stores the schedules of `tasks`.

    Raises `Stop` for one that no calendar can follow, or whose payload is too large or its own task refuses.
    """
    if not tasks.schedules:
        return None
    schedules, now = container.schedules(), container.clock().now()
    declared = {each.id: each for each in known.declarations()}
    for each in tasks.schedules:
        try:
            schedules.check_settings(each.name, each.settings, now)
            schedules.judge.judge(each.name, each.settings.job, declared.get(each.settings.job.task))
        except InvalidJob as refused:
            raise Stop(f"schedule '{each.name}': {refused}", Exit.USAGE) from refused
    return partial(schedules.declare, declared=tasks.schedules)


def _rules(settings: Settings, shape: Shape) -> WorkerRules:
    return WorkerRules(
        queues=shape.queues,
        weights=shape.weights,
        burst=shape.burst,
        max_jobs=shape.max_jobs,
        concurrency=settings.concurrency,
        lease=settings.lease,
        heartbeat=settings.heartbeat,
        poll=settings.poll,
        drain_grace=settings.drain_grace,
        cancel_grace=settings.cancel_grace,
        result_bytes=settings.payload_bytes,
        child_memory_bytes=settings.child_memory_bytes,
    )
