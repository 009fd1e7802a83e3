"""What the README shows an author is true."""

import re
from pathlib import Path

from equeue import Exponential, Tasks

README = (Path(__file__).parents[3] / "README.md").read_text()


def test_authors_example_registers_its_tasks() -> None:
    """The Python block runs as it stands and declares what it says."""
    (block,) = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
    names: dict[str, object] = {}
    exec(compile(block, "README.md", "exec"), names)
    tasks = names["tasks"]

    assert isinstance(tasks, Tasks)
    assert {task.id for task in tasks} == {"email.send_welcome", "report.build"}
    assert tasks["email.send_welcome"].backoff == Exponential(base=2, cap=600)


def test_links_lead_somewhere() -> None:
    """Every page that the README names is there."""
    root = Path(__file__).parents[3]
    links = re.findall(r"\]\(([^)#]+)\)", README)

    assert links
    assert all((root / link).exists() for link in links), links
