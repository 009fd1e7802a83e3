"""Pods as processes: commands, environment, probes and graces are read from a rendered workload."""

import os
import signal
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from contextlib import suppress
from pathlib import Path
from typing import Any

from tests.integration.deploy.policy import environment, pod_of
from tests.integration.deploy.rendering import Document, of_kind
from tests.ports import free_port
from tests.tree import ROOT

from equeue.entrypoints.dev.postgres import leashed

MOUNTED = "/run/secrets/equeue"
PORTS = {"http": "EQUEUE_PORT", "probes": "EQUEUE_PROBE_PORT"}
COMMAND = (sys.executable, "-m", "equeue.entrypoints.cli")
PATIENCE_S = 90.0


class Pod:
    """One pod of a Deployment. Its Secrets lie below `secrets`; each of its ports is a free one of this machine."""

    def __init__(self, documents: tuple[Document, ...], deployment: str, secrets: Path, log: Path, *app: str) -> None:
        (self._workload,) = [
            each for each in of_kind(documents, "Deployment") if each["metadata"]["name"] == deployment
        ]
        (settings,) = [
            each["data"]
            for each in of_kind(documents, "ConfigMap")
            if each["metadata"]["name"].startswith("equeue-settings")
        ]
        self._settings: dict[str, str] = settings
        self._secrets = secrets
        self._log = log.open("wb")
        self._app = app
        self._ports = {port["name"]: free_port() for port in self._container["ports"]}
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """Where it serves."""
        return f"http://127.0.0.1:{self._ports['http']}"

    @property
    def _container(self) -> Document:
        container: Document = pod_of(self._workload)["containers"][0]
        return container

    def prepare(self, **more: str) -> None:
        """Run the init containers to their end."""
        for first in pod_of(self._workload)["initContainers"]:
            subprocess.run(
                [*COMMAND, *first["args"]],
                env=self._environment(first, more),
                cwd=ROOT,
                stdout=self._log,
                stderr=self._log,
                check=True,
                timeout=PATIENCE_S,
            )

    def launch(self, **more: str) -> None:
        """Start the container. It dies with the thread that calls this, so call it from one that stays."""
        words = [*self._container["args"][:1], *(self._app or self._container["args"][1:])]
        self._process = subprocess.Popen(
            leashed([*COMMAND, *words], signal.SIGKILL),
            env=self._environment(self._container, more),
            cwd=ROOT,
            stdout=self._log,
            stderr=self._log,
            process_group=0,
        )

    def until_ready(self) -> None:
        """Ask as the kubelet does, until the startup probe and then the readiness probe are content."""
        for probe in ("startupProbe", "readinessProbe"):
            end = time.monotonic() + PATIENCE_S
            pause = threading.Event()
            while not self.answers(probe):
                assert time.monotonic() < end, f"{probe} of {self._workload['metadata']['name']} is never content"
                assert self._process is not None
                assert self._process.poll() is None, "the container ended"
                pause.wait(0.1)

    def answers(self, probe: str) -> bool:
        """Tell whether a probe is content."""
        asked = self._container[probe]["httpGet"]
        address = f"http://127.0.0.1:{self._ports[asked['port']]}{asked['path']}"
        try:
            with urllib.request.urlopen(address, timeout=self._container[probe]["timeoutSeconds"]) as answer:
                return bool(answer.status == 200)
        except (OSError, urllib.error.HTTPError):
            return False

    def stop(self) -> int:
        """End it as Kubernetes does: `preStop`, SIGTERM, and SIGKILL once the grace is over. Return the exit code."""
        assert self._process is not None
        grace = float(pod_of(self._workload)["terminationGracePeriodSeconds"])
        first = float(self._container.get("lifecycle", {}).get("preStop", {}).get("sleep", {}).get("seconds", 0))
        threading.Event().wait(first)
        os.kill(self._process.pid, signal.SIGTERM)
        try:
            return self._process.wait(grace - first)
        except subprocess.TimeoutExpired:
            self.kill()
            return -signal.SIGKILL

    def kill(self) -> None:
        """Leave nothing of it."""
        if self._process is not None:
            with suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait(10)
        self._log.close()

    def _environment(self, container: Document, more: dict[str, str]) -> dict[str, str]:
        clean = {name: value for name, value in os.environ.items() if not name.startswith("EQUEUE_")}
        given: dict[str, Any] = self._settings | environment(container)
        files = {name: str(value).replace(MOUNTED, str(self._secrets)) for name, value in given.items()}
        ports = {PORTS[name]: str(port) for name, port in self._ports.items()}
        return clean | files | ports | {"EQUEUE_HOST": "127.0.0.1"} | more
