"""Metrics, alerts, dashboards and runbooks speak of the same things."""

import json
import re
from typing import Any

import pytest
from docs import metrics
from tests.integration.deploy.rendering import KUBERNETES, read
from tests.tree import ROOT

from equeue.application.ports.metering import FAMILIES, OF_API, OF_WORKERS, Family, Kind

MONITORING = KUBERNETES / "components" / "monitoring"
(RULES,) = read(MONITORING / "alerts.yaml")
ALERTS: list[dict[str, Any]] = [rule for group in RULES["spec"]["groups"] for rule in group["rules"]]
DASHBOARD: dict[str, Any] = json.loads((MONITORING / "equeue.json").read_text())
ASKED = [
    *((rule["alert"], rule["expr"]) for rule in ALERTS),
    *((panel["title"], target["expr"]) for panel in DASHBOARD["panels"] for target in panel["targets"]),
]
SERIES: dict[str, Family] = {
    f"{family.name}{suffix}": family
    for family in FAMILIES
    for suffix in (("_bucket", "_sum", "_count") if family.kind is Kind.HISTOGRAM else ("",))
}
FROM_OUTSIDE = {"le", "pod", "instance", "job"}


def test_reference_page_is_what_the_code_says() -> None:
    """Each family with its kind, labels and meaning; renew the page with `make docs`."""
    assert metrics.PAGE.read_text() == metrics.page()


def test_families_have_good_names() -> None:
    """Ours by their prefix, counters end in `_total`, times in seconds; no two share one; both pages are complete."""
    names = [family.name for family in FAMILIES]

    assert len(set(names)) == len(names)
    assert set(FAMILIES) == {*OF_API, *OF_WORKERS}
    for family in FAMILIES:
        assert re.fullmatch(r"equeue_[a-z_]+", family.name)
        assert (family.kind is Kind.COUNTER) == family.name.endswith("_total")
        assert (family.kind is Kind.HISTOGRAM) == bool(family.buckets)
        assert family.kind is not Kind.HISTOGRAM or family.name.endswith("_seconds")
        assert set(family.labels) <= {"queue", "outcome", "status", "method", "route", "version"}


@pytest.mark.parametrize(("where", "expression"), ASKED)
def test_what_is_asked_is_told(where: str, expression: str) -> None:
    """Every series of an alert or a panel exists, with the labels that it is asked by."""
    named = re.findall(r"\bequeue_[a-z_]+", expression)

    assert named, where
    assert set(named) <= set(SERIES)
    labels = set(re.findall(r'(\w+)\s*=~?"', expression))
    for grouped in re.findall(r"by \(([\w, ]+)\)", expression):
        labels |= {label.strip() for label in grouped.split(",")}
    assert labels <= FROM_OUTSIDE.union(*(SERIES[name].labels for name in named))
    assert expression.count("(") == expression.count(")")


@pytest.mark.parametrize("rule", ALERTS, ids=lambda rule: rule["alert"])
def test_alert_leads_to_what_to_do(rule: dict[str, Any]) -> None:
    """A severity, a sentence, and a page that begins with this alert."""
    page = ROOT / rule["annotations"]["runbook"]

    assert rule["labels"]["severity"] in {"warning", "critical"}
    assert rule["annotations"]["summary"]
    assert f"{rule['alert']}: " in page.read_text()


def test_every_runbook_has_its_alert() -> None:
    """No page is left of an alert that is gone."""
    pages = {path.name for path in (ROOT / "docs" / "runbooks").iterdir()}

    assert pages == {rule["annotations"]["runbook"].rpartition("/")[2] for rule in ALERTS}


def test_dashboard_is_laid_out() -> None:
    """Panels have numbers of their own, lie within the grid, and ask the data source that was chosen."""
    panels = DASHBOARD["panels"]

    assert len({panel["id"] for panel in panels}) == len(panels)
    for panel in panels:
        place = panel["gridPos"]
        assert place["x"] + place["w"] <= 24
        assert {target["datasource"]["uid"] for target in panel["targets"]} == {"${datasource}"}
        assert len({target["refId"] for target in panel["targets"]}) == len(panel["targets"])
    corners = [(panel["gridPos"]["x"], panel["gridPos"]["y"]) for panel in panels]
    assert len(set(corners)) == len(corners)
