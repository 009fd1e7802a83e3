"""The numbers of one process, and the text in which Prometheus reads them (exposition format 0.0.4)."""

from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence

from ...application.ports.metering import Family, Kind, Labels

MOST_SERIES = 1_000
"""So many combinations of labels are kept of one family; what goes beyond is counted under `other`."""

OTHER = "other"


class Metrics:
    """A `Meter`. Numbers grow by single operations on dicts, so threads need no lock for what is only shown."""

    def __init__(self) -> None:
        self._sums: dict[Family, dict[Labels, float]] = {}
        self._buckets: dict[Family, dict[Labels, list[int]]] = {}

    def add(self, family: Family, labels: Labels, amount: float = 1.0) -> None:
        """Add to a counter."""
        sums = self._sums.setdefault(family, {})
        try:
            sums[labels] += amount
        except KeyError:
            labels = _bounded(labels, sums)
            sums[labels] = sums.get(labels, 0.0) + amount

    def observe(self, family: Family, labels: Labels, value: float) -> None:
        """Sort a value into a histogram's buckets."""
        series = self._buckets.setdefault(family, {})
        if labels not in series:
            labels = _bounded(labels, series)
        # The sum comes first: a page that another thread reads meanwhile looks for it beside each row of buckets.
        self.add(family, labels, value)
        if labels not in series:
            series[labels] = [0] * (len(family.buckets) + 1)
        series[labels][bisect_left(family.buckets, value)] += 1

    def show(self, families: Sequence[Family], gauges: Mapping[Family, Mapping[Labels, float]]) -> str:
        """Return the page that Prometheus reads."""
        lines: list[str] = []
        for family in families:
            lines.append(f"# HELP {family.name} {family.meaning}")
            lines.append(f"# TYPE {family.name} {family.kind}")
            lines.extend(self._samples(family, gauges))
        return "\n".join(lines) + "\n"

    def _samples(self, family: Family, gauges: Mapping[Family, Mapping[Labels, float]]) -> Iterator[str]:
        if family.kind is Kind.HISTOGRAM:
            for labels, counts in tuple(self._buckets.get(family, {}).items()):
                yield from _histogram(family, labels, counts, self._sums[family][labels])
            return
        kept = gauges.get(family, {}) if family.kind is Kind.GAUGE else self._sums.get(family, {})
        for labels, value in tuple(kept.items()):
            yield f"{family.name}{_written(family.labels, labels)} {_number(value)}"


def _histogram(family: Family, labels: Labels, counts: Sequence[int], total: float) -> Iterator[str]:
    reached = 0
    for bound, count in zip((*map(_number, family.buckets), "+Inf"), counts, strict=True):
        reached += count
        yield f"{family.name}_bucket{_written((*family.labels, 'le'), (*labels, bound))} {reached}"
    yield f"{family.name}_sum{_written(family.labels, labels)} {_number(total)}"
    yield f"{family.name}_count{_written(family.labels, labels)} {reached}"


def _bounded(labels: Labels, kept: Mapping[Labels, object]) -> Labels:
    return labels if len(kept) < MOST_SERIES else (OTHER,) * len(labels)


def _written(names: Labels, values: Labels) -> str:
    if not names:
        return ""
    pairs = ",".join(f'{name}="{_escaped(value)}"' for name, value in zip(names, values, strict=True))
    return f"{{{pairs}}}"


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace("\n", "\\n").replace('"', '\\"')


def _number(value: float) -> str:
    return f"{value:.17g}" if value != int(value) else f"{int(value)}"
