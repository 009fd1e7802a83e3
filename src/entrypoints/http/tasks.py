"""The tasks that workers have declared."""

from ...application.ports.catalogue import TaskDeclaration
from ...domain.access import Scope
from ...domain.ids import NAME
from . import render, wire
from .endpoint import API, Answer, Call, any_of, endpoint
from .problems import Problem
from .services import HttpServices

READ = any_of(Scope.JOBS_READ, Scope.JOBS_WRITE)


@endpoint("GET", f"{API}/tasks", access=READ, answers={200: wire.TaskList}, tag="tasks")
async def list_tasks(services: HttpServices, call: Call[wire.Empty, None]) -> Answer:  # noqa: ARG001
    """List the tasks that any worker ever declared, by id."""
    async with services.units_of_work() as unit:
        tasks = await unit.catalogue.all()
    return Answer.of(wire.TaskList([render.task(task) for task in tasks]))


@endpoint("GET", f"{API}/tasks/{{task_id:str}}", access=READ, answers={200: wire.TaskOut}, tag="tasks")
async def get_task(services: HttpServices, call: Call[wire.Empty, None]) -> Answer:
    """Look at one task: its queue, retry policy and payload schema."""
    task_id = call.parameters["task_id"]
    declared = await _find(services, task_id) if NAME.fullmatch(task_id) else None
    if declared is None:
        raise Problem("not-found", "No worker has declared such a task.")
    return Answer.of(render.task(declared))


async def _find(services: HttpServices, task_id: str) -> TaskDeclaration | None:
    async with services.units_of_work() as unit:
        return (await unit.catalogue.find({task_id})).get(task_id)


ENDPOINTS = (list_tasks, get_task)
