"""The listen loop: hints that there is work, and words that somebody wants a job stopped."""

from ...application.ports.platform import Jitter
from ...application.ports.queue import JobQueue, Received
from .claiming import Claimer
from .parts import WorkerRules
from .running import Runner


class Listener:
    """Passes on what comes in. Hints only make the worker look sooner: what it finds is the database's word."""

    def __init__(
        self,
        queue: JobQueue,
        queues: tuple[str, ...],
        rules: WorkerRules,
        jitter: Jitter,
        claimer: Claimer,
        runner: Runner,
    ) -> None:
        self._queue = queue
        self._queues = queues
        self._rules = rules
        self._jitter = jitter
        self._claimer = claimer
        self._runner = runner

    async def run(self) -> None:
        """Listen until cancelled."""
        while True:
            timeout = self._rules.poll * (1.0 - self._jitter.draw() / 2)
            self._pass_on(await self._queue.receive(self._queues, timeout))

    def _pass_on(self, received: Received) -> None:
        if received.cancels:
            self._runner.cancel(received.cancels)
        if received.job_ids:
            self._claimer.look_for(received.job_ids)
        elif received.queues:
            self._claimer.look()
