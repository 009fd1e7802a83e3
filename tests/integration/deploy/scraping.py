"""A Prometheus that never rests: it reads a page of metrics again and again, by Prometheus's own parser."""

import threading
import urllib.request
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from typing import Self, TypeAlias

from prometheus_client import Metric
from prometheus_client.parser import text_string_to_metric_families

PAUSE_S = 0.05
Series: TypeAlias = tuple[str, frozenset[tuple[str, str]]]


class Page:
    """One page as it was read."""

    def __init__(self, text: str) -> None:
        families = list(text_string_to_metric_families(text))
        names = [family.name for family in families]
        assert len(set(names)) == len(names), f"a family is there twice: {names}"
        self.counted = _samples(one for one in families if one.type in ("counter", "histogram"))
        self.shown = _samples(one for one in families if one.type == "gauge")
        for family in families:
            if family.type == "histogram":
                _check(family)

    def total(self, name: str, **labels: str) -> float:
        """Return the sum of a counter's samples that have these labels."""
        return _total(self.counted, name, labels)

    def gauge(self, name: str, **labels: str) -> float:
        """Return the sum of a gauge's samples that have these labels."""
        return _total(self.shown, name, labels)


class Scraper:
    """Reads a page until left; what was wrong with any of them is raised then."""

    def __init__(self, address: str) -> None:
        self._address = address
        self._stop = threading.Event()
        self._thread = ThreadPoolExecutor(1)
        self.pages: list[Page] = []

    def __enter__(self) -> Self:
        self._reading = self._thread.submit(self._run)
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._reading.result(30)
        self._thread.shutdown()

    def read(self) -> Page:
        """Return the page as it is now."""
        with urllib.request.urlopen(self._address, timeout=10) as answer:
            return Page(answer.read().decode())

    def _run(self) -> None:
        while not self._stop.wait(PAUSE_S):
            self.pages.append(self.read())


def falls(pages: list[Page]) -> list[str]:
    """Return what counted backwards, or was forgotten, from one page to the next."""
    return [
        f"{name} {dict(labels)}: {count} after which {later.counted.get((name, labels))}"
        for earlier, later in pairwise(pages)
        for (name, labels), count in earlier.counted.items()
        if later.counted.get((name, labels), -1.0) < count
    ]


def _samples(families: Iterable[Metric]) -> dict[Series, float]:
    return {
        (sample.name, frozenset(sample.labels.items())): float(sample.value)
        for family in families
        for sample in family.samples
    }


def _total(samples: Mapping[Series, float], name: str, labels: dict[str, str]) -> float:
    return sum(count for (found, told), count in samples.items() if found == name and labels.items() <= set(told))


def _check(histogram: Metric) -> None:
    """Fail unless the buckets of each series grow up to the count of all."""
    series: dict[frozenset[tuple[str, str]], list[float]] = {}
    for sample in histogram.samples:
        labels = frozenset(pair for pair in sample.labels.items() if pair[0] != "le")
        if not sample.name.endswith("_sum"):
            series.setdefault(labels, []).append(sample.value)
    for counts in series.values():
        assert counts == sorted(counts), f"{histogram.name}: {counts}"
        assert counts[-1] == counts[-2], f"{histogram.name}: {counts}"
