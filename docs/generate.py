"""Writes the pages that are derived from the code: run it after changing the transition table."""

from pathlib import Path

from equeue.domain.transitions import ARCS, Event

PAGES = Path(__file__).parent / "reference"

MEANING = {
    Event.ENQUEUE: "a client or a handler asks for a job; task id, payload and bounds are checked first",
    Event.CLAIM: "a worker leases a due job: attempt + 1, lease token + 1; an expired job is never claimed",
    Event.CANCEL: "somebody cancels it before it runs; at once",
    Event.EXPIRE: "its `expires_at` passed before it was started; reason `expired`",
    Event.EDIT: "somebody changes priority, queue, time, retries, tags or payload",
    Event.RUN_NOW: "somebody makes it due at once",
    Event.HEARTBEAT: "under the fence: the lease is extended, progress stored; the answer carries a cancel request",
    Event.REQUEST_CANCEL: "somebody wants a running job to stop; the worker is told by signal and by heartbeat",
    Event.TAKE_OVER: "the lease ran out: held under a fresh token for as long as it takes to settle it as lapsed",
    Event.SUCCEED: "under the fence: the handler returned; the result is stored. Wins over a cancel request",
    Event.RETRY: "under the fence: error, timeout or crash with budget left; retry_count + 1, due after the backoff",
    Event.EXHAUST: "under the fence: error, timeout or crash with no budget left, or not worth a retry",
    Event.DISCARD: "under the fence: the handler says it is hopeless, or the payload does not fit",
    Event.SNOOZE: "under the fence: the handler wants to be called later; costs no retry",
    Event.RELEASE: "under the fence: given back at shutdown, or a lapse before it began; costs no retry",
    Event.ACKNOWLEDGE_CANCEL: "under the fence: the attempt ended while a cancel was requested; wins over going back",
    Event.MANUAL_RETRY: "somebody queues it again: retry budget restored, attempts and lease token kept",
}

PAGE = """# The state machine

This page is generated from `ARCS` in `src/domain/transitions.py`, the only list of transitions in the system
(`make docs`). The statuses inside SQL statements and the tests are derived from the same table. What is not listed
here raises `InvalidTransition(status, event)`; a fence that does not match is `LeaseLost`.

```mermaid
{diagram}
```

| From | Event | To | Meaning |
|---|---|---|---|
{table}

`succeeded` is final: to run such a job again, `rerun` makes a new job from it. `queued` holds three kinds of waiting:
due now, due later (`run_at` ahead), and due again after a failed attempt (`retry_count` above 0).
"""


def diagram() -> str:
    """Return the table as a Mermaid state diagram, one arrow for each pair of states."""
    arrows: dict[tuple[str, str], list[str]] = {}
    for (before, event), after in ARCS.items():
        arrows.setdefault((before or "[*]", after), []).append(event)
    lines = [f"    {before} --> {after}: {', '.join(events)}" for (before, after), events in arrows.items()]
    return "\n".join(["stateDiagram-v2", *lines])


def table() -> str:
    """Return the table as rows of Markdown."""
    return "\n".join(
        f"| {before or '–'} | {event} | {after} | {MEANING[event]} |" for (before, event), after in ARCS.items()
    )


def state_machine() -> str:
    """Return the whole page."""
    return PAGE.format(diagram=diagram(), table=table())


if __name__ == "__main__":
    (PAGES / "state-machine.md").write_text(state_machine())
