"""Requests made from the API's own description, good and bad, alone and one after another, as each role.

No answer is a 5xx, has a status that is not described, or a body that is not as described. EQUEUE_FUZZ=full asks for
20,000 requests and more (`make fuzz`); otherwise a few for each operation.
"""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from tests.fuzz.conftest import Served

from equeue.domain.access import Role

FULL = os.environ.get("EQUEUE_FUZZ") == "full"
PHASES, EXAMPLES, LEAST = ("coverage,fuzzing,stateful", "10", 5_000) if FULL else ("fuzzing,stateful", "2", 100)
PATIENCE_S = 1_200 if FULL else 120
pytestmark = pytest.mark.timeout(PATIENCE_S + 60)
CHECKS = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
    "ignored_auth",
    "use_after_free",
    "unsupported_method",
)
ENDLESS = ("stream_events", "stream_job")
"""They end with the job or not at all, which a generated request would wait for; they have tests of their own."""

FATAL = {Role.ADMIN: ("edit_user", "disable_user", "revoke_api_key", "edit_api_key", "rotate_api_key")}
"""With these an admin shuts itself out, and all that follows is a 401; the other roles call them and are refused."""


@pytest.mark.parametrize("role", Role)
def test_no_request_finds_an_answer_that_is_not_described(served: Served, role: Role, tmp_path: Path) -> None:
    """As each role; that nobody is refused everywhere is looked at on the way, request by request."""
    told = generated(served, role, tmp_path)
    count = re.search(r"([\d,]+) generated", told)
    assert count is not None, told
    assert int(count[1].replace(",", "")) >= LEAST
    print(f"{role}: {count[0]}")  # noqa: T201 - what `make fuzz` tells


def generated(served: Served, role: Role, folder: Path) -> str:
    """Let schemathesis call the API; return what it says, or fail with it."""
    (folder / "schemathesis.toml").write_text('[parameters]\n"header.Prefer" = "wait=1"\n')
    passed_over = (*ENDLESS, *FATAL.get(role, ()))
    command = [
        *(str(Path(sys.executable).parent / "schemathesis"), "--config-file", "schemathesis.toml", "run"),
        f"{served.address}/api/v1/openapi.json",
        *("--header", f"Authorization: Bearer {served.keys[role]}"),
        *("--checks", ",".join(CHECKS), "--phases", PHASES, "--max-examples", EXAMPLES),
        *("--generation-deterministic", "--no-shrink", "--continue-on-failure"),
        *("--request-timeout", "30", "--warnings", "off", "--no-color"),
        *(word for name in passed_over for word in ("--exclude-operation-id", name)),
    ]
    said = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=PATIENCE_S, check=False)
    assert said.returncode == 0, said.stdout[-20_000:] + said.stderr[-2_000:]
    return said.stdout
