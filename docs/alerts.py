"""Writes the rules of Kubernetes' PrometheusRule as a plain file of Prometheus; `make docs` calls it."""

from pathlib import Path

import yaml

ROOT = Path(__file__).parents[1]
PLAIN = ROOT / "docker" / "observe" / "alerts.yaml"
RULE = ROOT / "deploy" / "kubernetes" / "components" / "monitoring" / "alerts.yaml"
HEAD = "# Written from deploy/kubernetes/components/monitoring/alerts.yaml by `make docs`.\n"


def plain() -> str:
    """Return the rules as Prometheus reads them."""
    return HEAD + yaml.safe_dump(yaml.safe_load(RULE.read_text())["spec"], sort_keys=False, width=120)


if __name__ == "__main__":
    PLAIN.write_text(plain())
