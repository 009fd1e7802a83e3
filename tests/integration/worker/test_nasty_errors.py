"""Whatever a handler raises is recorded: no error's text keeps a job from being settled, or a worker from going on."""

import json

import pytest
from tests.integration.worker.nasty import RAISED
from tests.integration.worker.processes import scene

APP = "tests.integration.worker.nasty:tasks"


@pytest.mark.parametrize("task", ["nasty.async", "nasty.thread", "nasty.process"])
def test_every_error_is_recorded_and_settles_its_job(database_url: str, task: str) -> None:
    """NUL, 10 MB, lone surrogates, broken `__str__`, BaseExceptions, groups, endless causes: dead, with words kept."""
    with scene(database_url) as here:
        worker = here.start(APP)
        ids = {what: here.enqueue(task, json.dumps({"what": what}), max_retries=0)[0] for what in RAISED}
        here.until_ended(list(ids.values()))
        for what, job_id in ids.items():
            job = here.job(job_id)
            (attempt,) = here.attempts(job_id)
            assert (job["status"], attempt["outcome"]) == ("dead", "failed"), what
            error = attempt["error"]
            assert error["type"], what
            assert error["fingerprint"], what
            assert "\x00" not in json.dumps(error)
            assert len(json.dumps(error)) < 256 * 1024, what
        assert here.job(ids["nul"])["error"]["message"] == "before\ufffdafter"
        assert "__str__ raised" in here.job(ids["mute"])["error"]["message"]
        assert worker.alive
        assert not [line for line in worker.events() if line["event"] in ("job.unsettleable", "worker.loop_broke")]
