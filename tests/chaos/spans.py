"""Leases as the database saw them, and handlers as they saw themselves: how many there were at once."""

import time
from collections.abc import Iterable, Sequence
from typing import LiteralString
from uuid import UUID

import attrs
from tests.chaos.ledger import Line
from tests.chaos.stage import Stage

# A place is taken from the claim on until an ending is written, by whoever held the job or took it over. Both times are
# read inside of the transactions, which those who count wait for: a place that came free was free before.
LEASES: LiteralString = """
select c.job_id, c.token, j.concurrency_key::text as key, extract(epoch from c.at)::float8 as begin,
  coalesce((
    select extract(epoch from s.at)::float8
    from changes as s
    where s.job_id = c.job_id and s.what = 'settle' and s.n > c.n
    order by s.n
    limit 1
  ), 'infinity') as end
from changes as c
join equeue.jobs as j on j.id = c.job_id
where c.what = 'claim'
order by c.at
"""


@attrs.frozen
class Span:
    """A lease, or a handler under one, in seconds of the database's clock."""

    job_id: UUID
    token: int
    key: str | None
    begin: float
    end: float


@attrs.frozen
class Handlers:
    """What handlers noted: how long each ran under its lease, and how many went on when theirs was lost."""

    spans: Sequence[Span]
    outlived: int


def leases(here: Stage) -> list[Span]:
    """Return every lease that was given."""
    return [Span(**row) for row in here.database.execute(LEASES)]


def handlers(lines: Iterable[Line], given: Iterable[Span]) -> Handlers:
    """Match what handlers noted with their leases; one that never ended was killed, at its lease's end at the latest.

    Database and handlers are on one machine, so their clocks are one, but for the moment from which each counts.
    """
    offset = time.time() - time.monotonic()
    by_fence = {(span.job_id, span.token): span for span in given}
    ended = {(line.job_id, line.token): line.at / 1e9 + offset for line in lines if line.what == "ended"}
    spans, outlived = [], 0
    for line in lines:
        lease = by_fence.get((line.job_id, line.token))
        if line.what == "began" and lease is not None:
            end = ended.get((line.job_id, line.token), lease.end)
            outlived += end > lease.end
            spans.append(attrs.evolve(lease, begin=line.at / 1e9 + offset, end=min(end, lease.end)))
    return Handlers(spans, outlived)


def most(spans: Iterable[Span]) -> int:
    """Return how many there were at once at most; what ends in the moment in which another begins makes room for it."""
    edges = sorted([(span.end, -1) for span in spans if span.end > span.begin] + [(span.begin, 1) for span in spans])
    running = highest = 0
    for _, step in edges:
        running += step
        highest = max(highest, running)
    return highest
