"""What a worker answers to probes, and how it stands in each phase of its life."""

import socket
import urllib.error
import urllib.request
from http import HTTPStatus

import attrs
import pytest
from prometheus_client.parser import text_string_to_metric_families
from tests.ports import free_port
from tests.unit.worker.world import World

from equeue import Tasks
from equeue.adapters.telemetry.metrics import Metrics
from equeue.application.ports.metering import BUILD, OF_WORKERS
from equeue.entrypoints.worker.probes import PortTaken, Probes, Vital

WELL = Vital(lives=True, why="", slots=20, running=3, held=5, unwritten=1, stuck=0)


@pytest.fixture
def probes() -> Probes:
    """Return probes on a free port."""
    return Probes("127.0.0.1", free_port(), Metrics(), {BUILD: {("0.1.0",): 1.0}})


@pytest.mark.parametrize(
    ("vital", "live", "ready"),
    [
        (WELL, HTTPStatus.OK, HTTPStatus.OK),
        (attrs.evolve(WELL, why="stopping"), HTTPStatus.OK, HTTPStatus.SERVICE_UNAVAILABLE),
        (attrs.evolve(WELL, why="the database is away"), HTTPStatus.OK, HTTPStatus.SERVICE_UNAVAILABLE),
        (attrs.evolve(WELL, lives=False), HTTPStatus.SERVICE_UNAVAILABLE, HTTPStatus.SERVICE_UNAVAILABLE),
    ],
)
def test_only_a_worker_that_cannot_go_on_is_dead(
    probes: Probes, vital: Vital, live: HTTPStatus, ready: HTTPStatus
) -> None:
    """A database that is away, or a stop under way, is no reason to restart a worker; no heartbeat is."""
    assert probes.answer(b"GET /health/live HTTP/1.1", vital)[0] == live
    assert probes.answer(b"GET /health/ready HTTP/1.1", vital)[0] == ready


@pytest.mark.parametrize("line", [b"POST /health/live HTTP/1.1", b"GET /secrets HTTP/1.1", b"\xff\xfe", b""])
def test_what_is_no_probe_is_refused(probes: Probes, line: bytes) -> None:
    """Nothing but three paths, and nothing but reading."""
    assert probes.answer(line, WELL)[0] in {HTTPStatus.METHOD_NOT_ALLOWED, HTTPStatus.NOT_FOUND}


def test_metrics_page_is_complete_and_parses(probes: Probes) -> None:
    """Prometheus's own parser reads it, and each family of a worker is there with its meaning."""
    page = probes.answer(b"GET /metrics HTTP/1.1", WELL)[2]
    families = {family.name: family for family in text_string_to_metric_families(page)}

    for family in OF_WORKERS:
        read = families[family.name.removesuffix("_total")]
        assert (read.type, read.documentation) == (family.kind, family.meaning)
    assert families["equeue_worker_running"].samples[0].value == 3


async def test_a_worker_is_ready_between_its_start_and_its_stop(world: World) -> None:
    """Before the tasks are declared it starts, after the signal it stops; in between it is ready."""
    tasks = Tasks()
    tasks.task("sample.nothing")(_nothing)
    worker = await world.start(tasks)

    assert worker.vital().why == ""
    worker.stop()
    assert worker.vital().why == "stopping"
    assert worker.vital().lives


def _nothing() -> None: ...


def test_probes_answer_over_http_and_end(probes: Probes) -> None:
    """One request a connection; a cut or silent client costs nothing; afterwards the port is free again."""
    log = World().log
    address = f"http://127.0.0.1:{probes.port}"
    with probes.answering(lambda: WELL, log):
        with socket.create_connection(("127.0.0.1", probes.port)) as silent:
            silent.sendall(b"GET /heal")
            with urllib.request.urlopen(f"{address}/health/ready", timeout=5) as answer:
                assert answer.read() == b'{"status":"ready"}'
        with pytest.raises(urllib.error.HTTPError, match="404"):
            urllib.request.urlopen(f"{address}/nothing", timeout=5)
    with probes.answering(lambda: WELL, log):
        assert log.events().count("probes.answering") == 2


def test_a_taken_port_is_told_with_the_remedy(probes: Probes) -> None:
    """The worker does not start without the probes that it was told to answer."""
    with (
        socket.create_server(("127.0.0.1", probes.port)),
        pytest.raises(PortTaken, match="EQUEUE_PROBE_PORT"),
        probes.answering(lambda: WELL, World().log),
    ):
        pass
