"""One mutant for each CHECK in the migrations, made anew from what they say: the rule stays and admits everything."""

import re
from pathlib import Path

from tests.mutants.mutant import Change, Mutant

RULE = re.compile(r"constraint (\w+)\s+check \(")
PROOF = "tests/integration/schema/test_constraints.py"


def check_mutants(root: Path) -> list[Mutant]:
    """Return a mutant for each CHECK of a table or a domain."""
    versions = sorted((root / "migrations" / "versions").glob("*.py"))
    return [
        Mutant(f"check_{rule}", (PROOF, "-k", f"test_broken_rule and 18 and {rule}"), _without(path, root, rule))
        for path in versions
        for rule in RULE.findall(path.read_text())
    ]


def _without(path: Path, root: Path, rule: str) -> Change:
    def change(copy: Path) -> bool:
        target = copy / path.relative_to(root)
        text = target.read_text()
        found = re.search(rf"constraint {rule}\s+check \(", text)
        if found is None:
            return False
        end = _closing(text, found.end())
        target.write_text(f"{text[: found.end()]}true{text[end:]}")
        return True

    return change


def _closing(text: str, start: int) -> int:
    """Return where the parenthesis closes that was opened before `start`."""
    depth, place = 1, start
    while depth:
        depth += {"(": 1, ")": -1}.get(text[place], 0)
        place += 1
    return place - 1
