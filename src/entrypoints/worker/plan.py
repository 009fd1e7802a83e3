"""What a worker says at its start: what it is going to do, and by which numbers."""

from .parts import WorkerParts


def plan(parts: WorkerParts) -> dict[str, object]:
    """Return the fields of the line that a starting worker writes; what is as usual is left out."""
    rules = parts.rules
    usual = {
        "queues": [f"{queue}={rules.weights[queue]}" if rules.weights else queue for queue in parts.queues],
        "tasks": sorted(parts.known.by_name),
        "slots": rules.concurrency,
        "lease_s": rules.lease.total_seconds(),
        "grace_s": rules.drain_grace.total_seconds(),
        "backend": parts.backend,
    }
    if rules.burst:
        usual["ends"] = "once nothing is due"
    if rules.max_jobs is not None:
        usual["max_jobs"] = rules.max_jobs
    return usual
