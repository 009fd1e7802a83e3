"""The catalogue of problems."""

import re
from pathlib import Path

import pytest
from tests.unit.http.asserts import is_problem
from tests.unit.http.world import Caller

import equeue.application.enqueue
import equeue.application.manage
import equeue.domain.account_errors  # noqa: F401 - every module that defines an error is to be loaded
from equeue.domain.errors import DomainError, Unavailable
from equeue.entrypoints import http
from equeue.entrypoints.http.problems import KINDS
from equeue.entrypoints.http.refusals import explain


def subclasses(of: type[DomainError]) -> set[type[DomainError]]:
    """Return all classes below `of`."""
    below = set(of.__subclasses__())
    return below.union(*map(subclasses, below))


def test_every_error_of_the_domain_has_its_problem() -> None:
    """A new domain error without an entry in the catalogue would be a 500."""
    codes = {error.code for error in subclasses(DomainError) if error.__module__.startswith("equeue.domain.")}
    assert codes <= KINDS.keys()
    assert DomainError.code in KINDS
    assert Unavailable.code in KINDS


def test_every_code_that_is_raised_is_in_the_catalogue() -> None:
    """And the other way round: a code in the source that the catalogue lacks would fail when it is needed."""
    folder = Path(next(iter(http.__path__)))
    source = "".join(file.read_text("utf-8") for file in folder.glob("*.py"))
    raised = set(re.findall(r'Problem\(\s*"([a-z0-9-]+)"', source))
    assert raised
    assert raised <= KINDS.keys()


@pytest.mark.parametrize("code", KINDS)
async def test_every_problem_has_a_page(api: Caller, code: str) -> None:
    """The address in `type` leads a person to an explanation."""
    answer = await api.with_key(None).get(f"/problems/{code}")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert code in answer.text


async def test_unknown_problem_has_none(api: Caller) -> None:
    """404 for what is no problem, also for one that would break the page."""
    is_problem(await api.get("/problems/nope"), "not-found")
    is_problem(await api.get("/problems/%3Cscript%3E"), "not-found")


def test_what_is_unknown_is_internal_and_says_nothing() -> None:
    """An exception that nobody thought of tells nothing to the caller."""
    problem = explain(RuntimeError("password=hunter2"))
    assert (problem.code, "hunter2" in problem.detail) == ("internal", False)
