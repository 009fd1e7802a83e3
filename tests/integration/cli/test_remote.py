"""Commands that call the API, from a shell's point of view: what they write, and how they end."""

import json
import subprocess
import sys
import uuid

import pytest
from tests.integration.cli.conftest import Run
from tests.ports import free_port

HEAVY = {
    "litestar",
    "sqlalchemy",
    "psycopg",
    "alembic",
    "dependency_injector",
    "msgspec",
    "uvicorn",
    "structlog",
    "jsonschema_rs",
    "redis",
}


def test_enqueue_waits_for_the_result(remote: Run) -> None:
    """`--wait` writes the ended job; words become the payload."""
    said = remote("enqueue", "tour.hello", "name=Ada", "--wait", "-o", "json")

    assert said.code == 0, said.err
    assert said.document["status"] == "succeeded"
    assert said.document["payload"] == {"name": "Ada"}
    assert said.document["result"].startswith("hello Ada")


def test_payload_comes_from_standard_input(remote: Run) -> None:
    """`--json -` reads the document that another program writes."""
    said = remote("enqueue", "tour.hello", "--json", "-", stdin='{"name": "Grace"}')

    assert said.code == 0, said.err
    assert said.document["payload"] == {"name": "Grace"}


def test_failed_job_is_told_by_the_exit_code(remote: Run) -> None:
    """A script that waits learns that the job died: 5."""
    said = remote("enqueue", "tour.always_fails", "--retries", "0", "--wait")

    assert said.code == 5, said.err
    assert said.document["status"] == "dead"


def test_wait_that_ran_out_is_told_by_the_exit_code(remote: Run) -> None:
    """6, and the job goes on."""
    said = remote("enqueue", "tour.hello", "name=x", "--delay", "1h", "--wait", "--patience", "0s")

    assert said.code == 6
    assert "still queued" in said.err


def test_unique_key_yields_the_job_that_holds_it(remote: Run) -> None:
    """The same key twice is one job."""
    ids = {
        remote("enqueue", "tour.hello", "name=x", "--unique", "one", "--delay", "1h", "-o", "id").out for _ in range(2)
    }

    assert len(ids) == 1


def test_ids_of_a_list_feed_another_command(remote: Run) -> None:
    """`jobs list -o id` writes ids alone; `jobs show` takes one."""
    enqueued = remote("enqueue", "tour.hello", "name=x", "--at", "2030-01-01T00:00:00Z", "-o", "id").out.strip()
    listed = remote("jobs", "list", "--status", "queued", "--task", "tour.hello", "-o", "id")
    shown = remote("jobs", "show", enqueued)

    assert enqueued in listed.out.splitlines()
    assert shown.document["run_at"] == "2030-01-01T00:00:00.000000Z"


def test_limit_bounds_a_list(remote: Run) -> None:
    """JSON lines when piped, one a job."""
    said = remote("jobs", "list", "--limit", "2")

    assert [json.loads(line)["status"] for line in said.out.splitlines()]
    assert len(said.out.splitlines()) == 2


def test_trouble_has_a_word_and_a_code(remote: Run, equeue: Run) -> None:
    """Not found is 7, a wrong key 4, no server 9, a refused job 1, nonsense 2; nothing of it goes to stdout."""
    nobody = f"http://127.0.0.1:{free_port()}"
    cases = {
        7: remote("jobs", "show", str(uuid.uuid4())),
        4: remote("jobs", "list", EQUEUE_API_KEY="eq_wrong"),
        9: equeue("jobs", "list", "--url", nobody),
        1: remote("enqueue", "Not A Task"),
        2: remote("enqueue", "tour.hello", "no-pair"),
    }

    assert {code: said.code for code, said in cases.items()} == {code: code for code in cases}
    assert all(said.out == "" and said.err for said in cases.values())
    assert "EQUEUE_API_KEY" in cases[4].err
    assert "EQUEUE_URL" in cases[9].err
    assert "/task" in cases[1].err


def test_option_order_does_not_matter(remote: Run) -> None:
    """Options may stand before and after words."""
    said = remote("enqueue", "--priority", "1", "tour.hello", "-o", "json", "name=x", "--delay", "1h")

    assert said.code == 0, said.err
    assert said.document["priority"] == 1


COMMANDS = ["list", "count", "show {id}", "attempts {id}", "retry {id}", "cancel {id}", "run-now {id}", "rerun {id}"]


@pytest.mark.parametrize("command", [*COMMANDS, "edit {id} a=1", "delete {id} --yes"])
def test_remote_command_imports_nothing_of_the_server(command: str) -> None:
    """What makes a start slow stays out: no web framework, no database library, no domain."""
    words = ["jobs", *command.format(id=uuid.uuid4()).split(), "--url", f"http://127.0.0.1:{free_port()}"]
    script = (
        "import sys\n"
        "from equeue.entrypoints.cli.app import run\n"
        f"code = run({words!r})\n"
        "print(code, *sorted(sys.modules))\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=True)
    code, *modules = done.stdout.split()

    assert code == "9"
    assert "httpx2" in modules
    assert not HEAVY.intersection(name.partition(".")[0] for name in modules)
    assert not [name for name in modules if name.startswith(("equeue.application", "equeue.adapters", "equeue.domain"))]
