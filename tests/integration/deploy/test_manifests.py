"""The Kubernetes manifests: each overlay renders, is what Kubernetes takes, and keeps the house's rules."""

import copy
from collections.abc import Callable
from typing import Any

import pytest
from tests.integration.deploy import policy, schemas
from tests.integration.deploy.rendering import (
    OVERLAYS,
    SAMPLES,
    Document,
    named,
    of_kind,
    rendered,
    sample,
    title,
)

from equeue.entrypoints.cli.app import app
from equeue.entrypoints.settings import SECRET, documented, read_settings


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_overlay_is_what_kubernetes_takes(overlay: str) -> None:
    """Every field of every document is known to the schema of its kind; a kind that nobody knows is a fault."""
    wrong = [f"{title(each)}: {what}" for each in rendered(overlay) for what in schemas.faults(each)]

    assert wrong == []


@pytest.mark.parametrize("name", SAMPLES)
def test_sample_is_what_keda_takes(name: str) -> None:
    """What is to be copied is judged like what is applied."""
    assert [what for each in sample(name) for what in schemas.faults(each)] == []


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_overlay_keeps_the_policy(overlay: str) -> None:
    """Restricted pods, probes, memory bounds, graces that fit, budgets that let a drain through, closed networks."""
    assert policy.violations(rendered(overlay)) == []


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_commands_and_settings_exist(overlay: str) -> None:
    """A typo in a variable would be silence in production, and a value that is refused a crash loop."""
    documents = rendered(overlay)
    known = {entry.name for entry in documented()} | {f"{name}_FILE" for name in SECRET}
    settings = of_kind(documents, "ConfigMap")
    (common,) = [each["data"] for each in settings if each["metadata"]["name"].startswith("equeue-settings")]
    for workload in of_kind(documents, *policy.WORKLOADS):
        for container in policy.containers(workload):
            given = common | policy.environment(container)
            assert set(given) <= known
            read_settings({name: value for name, value in given.items() if not name.endswith("_FILE")})
            assert container["args"][0] in app


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_every_secret_file_is_mounted(overlay: str) -> None:
    """What a variable names lies in a volume that the pod has; only the migrator sees the owner's secret."""
    for workload in of_kind(rendered(overlay), *policy.WORKLOADS):
        volumes = {volume["name"]: volume for volume in policy.pod_of(workload)["volumes"]}
        for container in policy.containers(workload):
            mounts = {mount["mountPath"]: mount["name"] for mount in container["volumeMounts"]}
            files = {value for name, value in policy.environment(container).items() if name.endswith("_FILE")}
            assert all(file.rpartition("/")[0] in mounts for file in files)
            seen = {volumes[name].get("secret", {}).get("secretName") for name in mounts.values()} - {None}
            assert len(seen) == 1
            assert ("equeue-migrate" in seen) == (container["args"][:2] == ["migrate", "up"])


def test_migrations_run_once_where_they_are_a_job() -> None:
    """Then no serving pod has the owner's secret; the init containers wait."""
    documents = rendered("migration-job")
    deployments = of_kind(documents, "Deployment")

    assert named(documents, "Job", "equeue-migrate")
    assert all("equeue-migrate" not in str(policy.pod_of(each)["volumes"]) for each in deployments)


def test_the_autoscaler_owns_the_number_of_workers() -> None:
    """A number in the Deployment would undo its work at each rollout."""
    documents = rendered("keda")
    scaled = named(documents, "ScaledObject", "equeue-worker")["spec"]

    assert "replicas" not in named(documents, "Deployment", "equeue-worker")["spec"]
    assert scaled["fallback"]["replicas"] >= scaled["minReplicaCount"]
    assert "/api/v1/stats/scaling?" in scaled["triggers"][0]["metadata"]["url"]


def _worker(documents: tuple[Document, ...]) -> Document:
    return named(documents, "Deployment", "equeue-worker")


def _container(documents: tuple[Document, ...]) -> Document:
    found: Document = policy.pod_of(_worker(documents))["containers"][0]
    return found


BROKEN: dict[str, Callable[[tuple[Document, ...]], Any]] = {
    "may run as root": lambda docs: policy.pod_of(_worker(docs))["securityContext"].update(runAsNonRoot=False),
    "gets a token": lambda docs: policy.pod_of(_worker(docs)).pop("automountServiceAccountToken"),
    "writes to its root": lambda docs: _container(docs)["securityContext"].update(readOnlyRootFilesystem=False),
    "keeps capabilities": lambda docs: _container(docs)["securityContext"].pop("capabilities"),
    "has a CPU limit": lambda docs: _container(docs)["resources"]["limits"].update(cpu="1"),
    "has no memory limit": lambda docs: _container(docs)["resources"].pop("limits"),
    "has no readiness probe": lambda docs: _container(docs).pop("readinessProbe"),
    "has no liveness probe": lambda docs: _container(docs)["livenessProbe"]["httpGet"].update(path="/health/ready"),
    "is killed early": lambda docs: policy.pod_of(_worker(docs)).update(terminationGracePeriodSeconds=30),
    "blocks every drain": lambda docs: named(docs, "PodDisruptionBudget", "equeue-worker")["spec"].update(
        maxUnavailable=0
    ),
    "has an image without a tag": lambda docs: _container(docs).update(image="registry.example.com:5000/equeue"),
    "is open to the network": lambda docs: named(docs, "NetworkPolicy", "equeue-nothing-else")["spec"].update(
        policyTypes=["Ingress"]
    ),
    "is not spread": lambda docs: policy.pod_of(_worker(docs)).pop("topologySpreadConstraints"),
    "has a secret in its environment": lambda docs: _container(docs)["envFrom"].append({"secretRef": {"name": "x"}}),
}


@pytest.mark.parametrize("what", BROKEN)
def test_policy_notices(what: str) -> None:
    """Each rule is seen to say no."""
    documents = copy.deepcopy(rendered("production"))
    BROKEN[what](documents)

    assert any(what in said for said in policy.violations(documents))


@pytest.mark.parametrize(
    ("kind", "spoil"),
    [
        ("Deployment", lambda spec: spec["template"]["spec"].update(terminationGracePeriod=1)),
        ("NetworkPolicy", lambda spec: spec.update(policyTypes="Ingress")),
        ("ScaledObject", lambda spec: spec.update(minimumReplicas=1)),
        ("ScaledObject", lambda spec: spec["triggers"][0].pop("type")),
    ],
)
def test_schemas_notice(kind: str, spoil: Callable[[Document], Any]) -> None:
    """A field that nobody knows, and one of the wrong type, are faults, whoever brought the kind."""
    document = copy.deepcopy(of_kind(rendered("keda"), kind)[0])
    spoil(document["spec"])

    assert list(schemas.faults(document))


def test_unknown_kind_is_a_fault() -> None:
    """A misspelt kind would be refused by Kubernetes at the worst moment."""
    assert list(schemas.faults({"apiVersion": "apps/v1", "kind": "Deploiment", "metadata": {"name": "x"}}))
