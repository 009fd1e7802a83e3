"""What `equeue worker` makes of the apps that it is given: modules, names in them, and files."""

from pathlib import Path

import pytest

from equeue.entrypoints.cli.exits import Exit, Stop
from equeue.entrypoints.cli.servers import module_of


@pytest.mark.parametrize(
    ("app", "module"),
    [
        ("shop.tasks", "shop.tasks"),
        ("shop.tasks:mail", "shop.tasks:mail"),
        ("tasks.py", "tasks"),
        ("./shop/tasks.py", "shop.tasks"),
        ("shop/../tasks.py:mail", "tasks:mail"),
    ],
)
def test_a_file_is_a_module_of_its_path(app: str, module: str) -> None:
    """With or without the name of something in it."""
    assert module_of(app) == module


def test_a_file_may_be_named_from_the_root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As long as it lies below the working directory."""
    monkeypatch.chdir(tmp_path)
    assert module_of(f"{tmp_path}/shop/tasks.py") == "shop.tasks"


@pytest.mark.parametrize("app", ["/elsewhere/tasks.py", "../tasks.py", "my-shop/tasks.py:mail", "shop/2.py"])
def test_a_file_that_cannot_be_imported_is_refused(app: str) -> None:
    """One that lies elsewhere, or on whose way a name is none."""
    with pytest.raises(Stop) as refused:
        module_of(app)
    assert refused.value.code == Exit.USAGE
