"""Starts everything the dashboard stands on, makes people, and runs a command beside it.

`python -m tests.dashboard.stage npx playwright test` runs that in `dashboard/`, and ends with its exit code.
"""

import os
import subprocess
import sys
from collections.abc import Sequence
from typing import Any

import httpx2
from tests.tree import ROOT, state_folder, tree

PASSWORD = "correct-horse-battery"
ROLES = ("admin", "operator", "viewer", "member")
SCHEDULE = {"name": "nightly-report", "cron": "0 2 * * *", "zone": "Europe/Berlin", "job": {"task": "report.build"}}
CANCELLED = {"action": "cancel", "filter": {"task": ["nobody.enqueues"]}}


def main(command: Sequence[str]) -> int:
    """Run `command` against a fresh API, worker and PostgreSQL."""
    with state_folder() as state, tree(state, app="tests/dashboard/app.py") as started:
        started.saw("Ctrl-C stops everything")
        key = started.key
        with httpx2.Client(base_url=f"{started.url}/api/v1", headers={"Authorization": f"Bearer {key}"}) as api:
            furnish(api)
        environment = os.environ | {"EQUEUE_URL": started.url, "EQUEUE_API_KEY": key}
        return subprocess.run(
            command, cwd=ROOT / "dashboard", env=environment, stdin=subprocess.DEVNULL, check=False
        ).returncode


def furnish(api: httpx2.Client) -> None:
    """Make the people, and one of each thing that has a page of its own."""
    for role in ROLES:
        _post(api, "/users", {"email": f"{role}@example.org", "role": role, "password": PASSWORD})
    _post(api, "/schedules", SCHEDULE)
    plan = _post(api, "/bulk-operations", {**CANCELLED, "dry_run": True})
    _post(api, "/bulk-operations", {**CANCELLED, "plan_hash": plan["plan_hash"]})
    jobs = [{"task": "mail.send", "payload": {"address": f"{'x@' if n % 4 else ''}example.org"}} for n in range(24)]
    _post(
        api, "/jobs/bulk", {"jobs": [*jobs, *({"task": "video.encode", "payload": {"minutes": n}} for n in range(3))]}
    )


def _post(api: httpx2.Client, path: str, body: object) -> Any:
    answer = api.post(path, json=body)
    answer.raise_for_status()
    return answer.json()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
