"""No hot statement is missing from the page of plans."""

import re
from pathlib import Path

from equeue.adapters.postgres import statements

PAGE = Path(__file__).parents[3] / "docs" / "reference" / "queries.md"


def test_each_statement_has_its_plan_on_the_page() -> None:
    """A new statement needs a plan that was looked at: run `make plans`."""
    shown = set(re.findall(r"^## (\w+)$", PAGE.read_text(), re.MULTILINE))
    named = {
        name.lower()
        for name, value in vars(statements).items()
        if name.isupper() and name[0] != "_" and " equeue." in str(value)
    }
    assert named - {"claim_columns"} <= shown
