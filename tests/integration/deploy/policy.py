"""What each pod has to keep: Pod Security "restricted", probes, budgets, graces. Each rule says what is wrong."""

from collections.abc import Callable, Iterator
from typing import Any

from tests.integration.deploy.rendering import Document, of_kind, title

WORKLOADS = ("Deployment", "Job", "StatefulSet", "DaemonSet", "CronJob")
WRITE_S = 5
"""So long a worker may take, after its grace, to write how its last attempts ended; as long again to close."""


def pod_of(workload: Document) -> Document:
    """Return the pod's spec."""
    spec: Document = workload["spec"]["template"]["spec"]
    return spec


def containers(workload: Document) -> list[Document]:
    """Return all containers, those that run first too."""
    pod = pod_of(workload)
    return [*pod.get("initContainers", []), *pod["containers"]]


def environment(container: Document) -> dict[str, str]:
    """Return the variables that are written out."""
    return {entry["name"]: entry["value"] for entry in container.get("env", []) if "value" in entry}


def unsafe(workload: Document) -> Iterator[str]:
    """Tell what breaks the restricted profile, or gives a pod more than it needs."""
    pod = pod_of(workload)
    context = pod.get("securityContext", {})
    yield from _unless(context.get("runAsNonRoot") is True, "may run as root")
    yield from _unless(context.get("runAsUser", 0) > 0, "names no user")
    yield from _unless(context.get("seccompProfile") == {"type": "RuntimeDefault"}, "has no seccomp profile")
    yield from _unless(pod.get("automountServiceAccountToken") is False, "gets a token for Kubernetes' API")
    yield from _unless(pod.get("serviceAccountName", "default") != "default", "runs on the default account")
    yield from _unless(not {"hostNetwork", "hostPID", "hostIPC"} & set(pod), "shares the host's namespaces")
    for volume in pod.get("volumes", []):
        yield from _unless({*volume} - {"name"} <= {"secret", "emptyDir", "configMap"}, f"mounts {volume['name']}")
        yield from _unless("sizeLimit" in volume.get("emptyDir", {"sizeLimit": 0}), f"{volume['name']} has no limit")


def unsafe_containers(workload: Document) -> Iterator[str]:
    """Tell what a container may do beyond running its command."""
    for container in containers(workload):
        context = container.get("securityContext", {})
        wrong = {
            "may gain privileges": context.get("allowPrivilegeEscalation") is not False,
            "is privileged": bool(context.get("privileged")),
            "writes to its root": context.get("readOnlyRootFilesystem") is not True,
            "keeps capabilities": context.get("capabilities") != {"drop": ["ALL"]},
            "runs as root": context.get("runAsUser", 10001) == 0 or context.get("runAsNonRoot") is False,
            "has a secret in its environment": _secret_in_environment(container),
            "has an image without a tag of its own": _loose(container["image"]),
        }
        yield from (f"{container['name']} {what}" for what, is_so in wrong.items() if is_so)


def unbounded(workload: Document) -> Iterator[str]:
    """Tell what may take a node's memory, or is throttled."""
    for container in containers(workload):
        resources = container.get("resources", {})
        requests, limits = resources.get("requests", {}), resources.get("limits", {})
        yield from _unless({"cpu", "memory"} <= set(requests), f"{container['name']} requests nothing")
        yield from _unless("memory" in limits, f"{container['name']} has no memory limit")
        yield from _unless("cpu" not in limits, f"{container['name']} has a CPU limit, which delays heartbeats")


def unprobed(workload: Document) -> Iterator[str]:
    """Tell which serving container Kubernetes cannot ask how it stands."""
    if workload["kind"] != "Deployment":
        return
    for container in pod_of(workload)["containers"]:
        ports = {port["name"] for port in container.get("ports", [])}
        for probe, path in (("startup", "live"), ("liveness", "live"), ("readiness", "ready")):
            asked = container.get(f"{probe}Probe", {}).get("httpGet", {})
            yield from _unless(asked.get("path") == f"/health/{path}", f"{container['name']} has no {probe} probe")
            yield from _unless(asked.get("port") in ports, f"the {probe} probe asks no port of {container['name']}")


def impatient(workload: Document) -> Iterator[str]:
    """Tell which pod is killed before it may be done, and which serving one goes before callers know."""
    if workload["kind"] != "Deployment":
        return
    pod = pod_of(workload)
    for container in pod["containers"]:
        stop = container.get("lifecycle", {}).get("preStop", {})
        first = stop.get("sleep", {}).get("seconds", 0)
        drain = float(environment(container).get("EQUEUE_DRAIN_GRACE_S", "30"))
        yield from _unless(
            first + drain + 2 * WRITE_S <= pod["terminationGracePeriodSeconds"], f"{container['name']} is killed early"
        )
        serves = any(port["name"] == "http" for port in container.get("ports", []))
        yield from _unless(not serves or first >= WRITE_S, f"{container['name']} stops while callers still come")


def unspread(workload: Document) -> Iterator[str]:
    """Tell which pods may all end up on one node or in one zone, or wait for ever for a place."""
    if workload["kind"] != "Deployment":
        return
    asked = pod_of(workload).get("topologySpreadConstraints", [])
    keys = {each["topologyKey"] for each in asked}
    yield from _unless(keys == {"kubernetes.io/hostname", "topology.kubernetes.io/zone"}, "is not spread")
    for each in asked:
        yield from _unless(each["whenUnsatisfiable"] == "ScheduleAnyway", "is not scheduled without a free zone")
        labels = workload["spec"]["template"]["metadata"]["labels"]
        yield from _unless(each["labelSelector"]["matchLabels"].items() <= labels.items(), "spreads other pods")


RULES: tuple[Callable[[Document], Iterator[str]], ...] = (
    *(unsafe, unsafe_containers, unbounded, unprobed, impatient, unspread),
)


def violations(documents: tuple[Document, ...]) -> list[str]:
    """Return in words all that is wrong with the pods and their budgets."""
    workloads = of_kind(documents, *WORKLOADS)
    found = [f"{title(each)} {what}" for each in workloads for rule in RULES for what in rule(each)]
    return [*found, *_budgets(documents), *_walls(documents)]


def _budgets(documents: tuple[Document, ...]) -> Iterator[str]:
    budgets = of_kind(documents, "PodDisruptionBudget")
    for budget in budgets:
        spec = budget["spec"]
        yield from _unless("minAvailable" not in spec, f"{title(budget)} blocks a drain of few pods")
        yield from _unless(spec.get("maxUnavailable") not in {0, "0%", None}, f"{title(budget)} blocks every drain")
        always = spec.get("unhealthyPodEvictionPolicy") == "AlwaysAllow"
        yield from _unless(always, f"{title(budget)} lets sick pods block a drain")
    for deployment in of_kind(documents, "Deployment"):
        labels = deployment["spec"]["template"]["metadata"]["labels"]
        covering = [each for each in budgets if each["spec"]["selector"]["matchLabels"].items() <= labels.items()]
        yield from _unless(len(covering) == 1, f"{title(deployment)} has {len(covering)} budgets")


def _walls(documents: tuple[Document, ...]) -> Iterator[str]:
    closed = [each for each in of_kind(documents, "NetworkPolicy") if not {"ingress", "egress"} & set(each["spec"])]
    for workload in of_kind(documents, *WORKLOADS):
        labels = workload["spec"]["template"]["metadata"]["labels"]
        shut = any(
            set(wall["spec"]["policyTypes"]) == {"Ingress", "Egress"}
            and wall["spec"]["podSelector"].get("matchLabels", {}).items() <= labels.items()
            for wall in closed
        )
        yield from _unless(shut, f"{title(workload)} is open to the network by default")


def _loose(image: str) -> bool:
    name, colon, tag = image.rpartition(":")
    return "@sha256:" not in image and (not colon or "/" in tag or tag == "latest" or not name)


def _secret_in_environment(container: dict[str, Any]) -> bool:
    by_reference = any("secretKeyRef" in entry.get("valueFrom", {}) for entry in container.get("env", []))
    return by_reference or any("secretRef" in source for source in container.get("envFrom", []))


def _unless(kept: object, what: str) -> Iterator[str]:
    if not kept:
        yield what
