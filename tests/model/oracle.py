"""What eQueue has to answer, told a second time in plain dicts and lists; it knows nothing of the system's own code.

Time is a pair: ticks since the beginning, and the number of the call, which orders what happens within one tick.
"""

from collections.abc import Collection, Sequence
from typing import Any, TypeAlias

Id: TypeAlias = int
Fence: TypeAlias = tuple[Id, int]
Time: TypeAlias = tuple[int, int]
Row: TypeAlias = dict[str, Any]

LEASE = 3
SYSTEM_BACKOFF = (1, 1, 1)


class Oracle:
    """Jobs as dicts. Each method is one call to the system and returns what the system has to answer."""

    def __init__(self) -> None:
        self.jobs: dict[Id, Row] = {}
        self.attempts: dict[Fence, Row] = {}
        self.ticks = 0
        self.calls = 0

    def let_pass(self, ticks: int) -> None:
        """Move time."""
        self.ticks += ticks

    def enqueue(self, births: Sequence[Row]) -> list[tuple[str, Id]]:
        """Answer each birth with what became of it and of which job."""
        now, answers = self._now(), []
        for birth in births:
            slot = (birth["owner"], birth["key"]) if birth["key"] else None
            holder = next((number for number, job in self.jobs.items() if slot and job["slot"] == slot), None)
            if holder is not None:
                answers.append(("rejected" if birth["reject"] else "existing", holder))
                continue
            self.jobs[birth["id"]] = self._born(birth, slot, now)
            answers.append(("created", birth["id"]))
        return answers

    def _born(self, birth: Row, slot: object, now: Time) -> Row:
        return {
            **{name: birth[name] for name in ("task", "queue", "priority", "max_retries", "backoff", "held_while")},
            "status": "queued",
            "slot": slot,
            "run_at": later(now, birth["delay"]),
            "expires_at": None if birth["expires_in"] is None else later(now, birth["expires_in"]),
            "attempt": 0,
            "token": 0,
            "retries": 0,
            "lapses": 0,
            "revision": 0,
            "worker": None,
            "lease": None,
            "started": False,
            "finished_at": None,
            "cancel_requested": False,
            "reason": None,
            "error": None,
            "result": None,
            "progress": None,
        }

    def claim(
        self,
        worker: int,
        queues: Sequence[str],
        limit: int,
        *,
        begun: bool,
        tasks: Collection[str] | None,
        only: Collection[Id] | None,
    ) -> list[Fence]:
        """Answer with the fences of what is claimed, in order."""
        now = self._now()
        due = [
            number
            for number, job in self.jobs.items()
            if job["status"] == "queued"
            and job["queue"] in queues
            and job["run_at"] <= now
            and (job["expires_at"] is None or now < job["expires_at"])
            and (begun or job["lapses"] == 0)
            and (tasks is None or job["task"] in tasks)
            and (only is None or number in only)
        ]
        due.sort(
            key=lambda number: (
                self.jobs[number]["priority"],
                queues.index(self.jobs[number]["queue"]),
                self.due(number),
                number,
            )
        )
        for number in due[:limit]:
            job = self.jobs[number]
            job["status"] = "running"
            job["attempt"] += 1
            job["token"] += 1
            job["worker"] = worker
            job["lease"] = later(now, LEASE)
            job["started"] = begun
            job["progress"] = None
            if job["held_while"] == "queued":
                job["slot"] = None
        return [(number, self.jobs[number]["token"]) for number in due[:limit]]

    def due(self, number: Id) -> Time:
        """Return when a job is due."""
        due: Time = self.jobs[number]["run_at"]
        return due

    def heartbeat(self, fences: Collection[Fence], *, begun: bool, progress: object) -> tuple[set[Fence], set[Fence]]:
        """Answer with the fences that are lost and those to cancel."""
        now = self._now()
        lost = {fence for fence in fences if not self._holds(fence)}
        held = set(fences) - lost
        for number, _ in held:
            job = self.jobs[number]
            job["lease"] = later(now, LEASE)
            job["started"] = job["started"] or begun
            job["progress"] = job["progress"] if progress is None else progress
        return lost, {fence for fence in held if self.jobs[fence[0]]["cancel_requested"]}

    def settle(self, endings: Sequence[tuple[Fence, Row]]) -> list[tuple[str, str | None]]:
        """Answer each ending with what became of it and with the job's status."""
        now = self._now()
        return [self._settle(fence, outcome, now) for fence, outcome in endings]

    def _settle(self, fence: Fence, outcome: Row, now: Time) -> tuple[str, str | None]:
        number = fence[0]
        if self._holds(fence):
            self._end_attempt(fence, outcome, now)
            return "applied", self.jobs[number]["status"]
        status = self.jobs[number]["status"] if number in self.jobs else None
        same = fence in self.attempts and self.attempts[fence]["outcome"] == outcome["word"]
        return ("repeated" if same else "lease-lost"), status

    def _end_attempt(self, fence: Fence, outcome: Row, now: Time) -> None:
        job = self.jobs[fence[0]]
        self.attempts[fence] = {
            "attempt": job["attempt"],
            "outcome": outcome["word"],
            "worker": job["worker"],
            "started": job["started"],
            "error": outcome.get("error"),
        }
        status, wait = self._verdict(job, outcome)
        job["lease"] = None
        job["status"] = status
        job["result"] = outcome.get("result") if status == "succeeded" else None
        job["error"] = None if status == "succeeded" else outcome.get("error") or job["error"]
        if status == "queued":
            job["run_at"] = later(now, wait)
            job["started"] = False
        else:
            job["finished_at"] = now
            job["slot"] = None

    def _verdict(self, job: Row, outcome: Row) -> tuple[str, int]:
        """Return where the job goes, and after how long it is due if it goes back."""
        word = outcome["word"]
        if word in ("succeeded", "discarded"):
            return {"succeeded": "succeeded", "discarded": "dead"}[word], 0
        if word == "cancelled" or job["cancel_requested"]:
            return "cancelled", 0
        if word in ("snoozed", "released") or outcome.get("free"):
            return "queued", outcome.get("delay", 0)
        if outcome.get("final") or job["retries"] == job["max_retries"]:
            return "dead", 0
        wait = outcome["delay"] if "delay" in outcome else backed_off(job)
        job["retries"] += 1
        return "queued", wait

    def lapse(self, limit: int) -> list[tuple[Fence, str]]:
        """Answer with the fresh fences of what lapsed, in order, and where those jobs went."""
        now = self._now()
        lapsed = [number for number, job in self.jobs.items() if job["status"] == "running" and job["lease"] <= now]
        lapsed.sort(key=lambda number: (self.jobs[number]["lease"], number))
        told = []
        for number in lapsed[:limit]:
            job = self.jobs[number]
            job["token"] += 1
            job["lapses"] += 1
            wait = 0 if job["lapses"] == 1 else backed_off(job)
            crash = {"word": "crashed", "error": "LeaseExpired", "delay": wait, "free": not job["started"]}
            self._end_attempt((number, job["token"]), crash, now)
            told.append(((number, job["token"]), job["status"]))
        return told

    def expire(self) -> set[Id]:
        """Answer with the jobs that were not started in time."""
        now = self._now()
        late = {
            number
            for number, job in self.jobs.items()
            if job["status"] == "queued" and job["expires_at"] is not None and job["expires_at"] <= now
        }
        for number in late:
            self._stop(self.jobs[number], now, "expired")
        return late

    def cancel(self, ids: Collection[Id], reason: str) -> dict[Id, str]:
        """Answer each number with one word."""
        now = self._now()
        return {number: self._cancel(self.jobs[number], now, reason) for number in ids}

    def _cancel(self, job: Row, now: Time, reason: str) -> str:
        if job["status"] in ("succeeded", "dead"):
            return "already-finished"
        if job["status"] == "cancelled" or job["cancel_requested"]:
            return "repeated"
        if job["status"] == "queued":
            self._stop(job, now, reason)
        else:
            job["cancel_requested"] = True
            job["reason"] = reason
            job["revision"] += 1
        return "moved"

    def _stop(self, job: Row, now: Time, reason: str) -> None:
        job.update(status="cancelled", finished_at=now, reason=reason, slot=None, revision=job["revision"] + 1)

    def retry(self, ids: Collection[Id]) -> dict[Id, str]:
        """Answer each number with one word."""
        now = self._now()
        return {number: self._retry(self.jobs[number], now) for number in ids}

    def _retry(self, job: Row, now: Time) -> str:
        if job["status"] not in ("dead", "cancelled"):
            return "invalid-transition"
        job.update(
            status="queued",
            run_at=now,
            retries=0,
            lapses=0,
            finished_at=None,
            started=False,
            cancel_requested=False,
            reason=None,
            progress=None,
            revision=job["revision"] + 1,
        )
        if job["expires_at"] is not None and job["expires_at"] <= now:
            job["expires_at"] = None
        return "moved"

    def run_now(self, ids: Collection[Id]) -> dict[Id, str]:
        """Answer each number with one word."""
        now = self._now()
        return {number: self._run_now(self.jobs[number], now) for number in ids}

    def _run_now(self, job: Row, now: Time) -> str:
        if job["status"] != "queued":
            return "invalid-transition"
        if job["run_at"] <= now:
            return "repeated"
        job["run_at"] = now
        job["revision"] += 1
        return "moved"

    def _holds(self, fence: Fence) -> bool:
        job = self.jobs.get(fence[0])
        return job is not None and job["status"] == "running" and job["token"] == fence[1]

    def _now(self) -> Time:
        self.calls += 1
        return self.ticks, self.calls


def later(time: Time, ticks: int) -> Time:
    """Return an instant some ticks behind `time`."""
    return time[0] + ticks, time[1]


def backed_off(job: Row) -> int:
    """Return how long the job waits before its next retry."""
    base, factor, cap = job["backoff"] or SYSTEM_BACKOFF
    wait: int = min(base * factor ** job["retries"], cap)
    return wait
