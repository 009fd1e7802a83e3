"""Writes the reference page of metrics: `python -m docs.metrics`."""

from pathlib import Path

from equeue.application.ports.metering import OF_API, OF_WORKERS, Family, Kind

PAGE = Path(__file__).parent / "reference" / "metrics.md"
HEAD = """# Metrics

The API shows its numbers at `/metrics`, a worker at `/metrics` on its `EQUEUE_PROBE_PORT`, in Prometheus's text format.
The API's page is open to anybody who reaches the port: do not route it outside. Labels have few values: never a job, a
person, or a path as it was sent; beyond 1,000 combinations a family counts the rest under `other`. This page is written
by `make docs`.

What the API tells of the whole installation is read from the database at each scrape, at a cost that does not grow
with history. Every replica tells the same, so take `max by (queue)` of it, not `sum`. What a process counted itself is
its own: take `sum`.

Alerts are in `deploy/kubernetes/components/monitoring/alerts.yaml` and `docker/observe/alerts.yaml`, each with a page
in [runbooks](../runbooks/); the Grafana dashboard is `deploy/kubernetes/components/monitoring/equeue.json`.
"""


def page() -> str:
    """Return the page."""
    return f"{HEAD}\n## The API\n\n{_table(OF_API)}\n## Workers\n\n{_table(OF_WORKERS)}"


def _table(families: tuple[Family, ...]) -> str:
    rows = "".join(
        f"| `{family.name}` | {family.kind} | {', '.join(f'`{label}`' for label in family.labels) or '–'} "
        f"| {family.meaning}{_bounds(family)} |\n"
        for family in families
    )
    return f"| Metric | Kind | Labels | Meaning |\n|---|---|---|---|\n{rows}"


def _bounds(family: Family) -> str:
    if family.kind is not Kind.HISTOGRAM:
        return ""
    return f" Buckets up to {', '.join(f'{bound:g}' for bound in family.buckets)} s."


if __name__ == "__main__":
    PAGE.write_text(page())
