"""The numbers of a process, read by one thread while another counts."""

from prometheus_client.parser import text_string_to_metric_families

from equeue.adapters.telemetry.metrics import Metrics
from equeue.application.ports.metering import RAN

FAMILY = "equeue_run_seconds"


class Read(float):
    """A value that has the page read in the middle of being sorted in, as another thread may."""

    metrics: Metrics
    page = ""

    def __gt__(self, other: object) -> bool:
        Read.page = self.metrics.show([RAN], {})
        return isinstance(other, float) and float(self) > other


def test_a_page_read_while_a_value_is_sorted_in_is_whole() -> None:
    """The first value of a series is as harmless as any later one."""
    Read.metrics = metrics = Metrics()

    metrics.observe(RAN, ("mail",), Read(0.3))

    assert [family.name for family in text_string_to_metric_families(Read.page)] == [FAMILY]
    (family,) = text_string_to_metric_families(metrics.show([RAN], {}))
    counted = {sample.name: sample.value for sample in family.samples}
    assert (counted[f"{FAMILY}_sum"], counted[f"{FAMILY}_count"]) == (0.3, 1)
