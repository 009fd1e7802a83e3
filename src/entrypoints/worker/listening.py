"""The listen loop: hints that there is work, and words that somebody wants a job stopped."""

import asyncio
from datetime import timedelta

from ...application.ports.platform import Jitter
from ...application.ports.queue import JobQueue, Received
from .claiming import Claimer
from .parts import WorkerRules
from .running import Runner


class Listener:
    """Passes on what comes in. Hints only make the worker look sooner: what it finds is the database's word.

    Where hints are ids, it asks for as many as there is room for.
    """

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
        self._room = asyncio.Event()
        self._waits_for_room = False
        claimer.when_room = self._note_room

    async def run(self) -> None:
        """Listen until cancelled."""
        while True:
            timeout = self._rules.poll * (1.0 - self._jitter.draw() / 2)
            health = await self._queue.health()
            self._claimer.rely(health.ok and health.ids)
            if not health.ids:
                received = await self._queue.receive(self._queues, timeout)
            elif wanted := self._claimer.wanted:
                received = await self._queue.receive(self._queues, timeout, wanted)
            else:
                received = await self._receive_until_room(timeout)
            self._pass_on(received)

    async def _receive_until_room(self, timeout: timedelta) -> Received:
        """Hear of cancels alone until there is room for jobs."""
        self._room.clear()
        self._waits_for_room = True
        receiving = asyncio.create_task(self._queue.receive(self._queues, timeout, 0))
        room = asyncio.create_task(self._room.wait())
        try:
            await asyncio.wait({receiving, room}, return_when=asyncio.FIRST_COMPLETED)
            return receiving.result() if receiving.done() else Received()
        finally:
            self._waits_for_room = False
            receiving.cancel()
            room.cancel()
            await asyncio.wait({receiving, room})

    def _note_room(self) -> None:
        if self._waits_for_room and self._claimer.wanted:
            self._room.set()

    def _pass_on(self, received: Received) -> None:
        if received.cancels:
            self._runner.cancel(received.cancels)
        if received.job_ids:
            self._claimer.look_for(received.job_ids)
        if received.queues:
            self._claimer.look()
