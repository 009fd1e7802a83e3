"""Where a worker finds its tasks."""

import sys
from collections.abc import Iterator
from importlib.metadata import EntryPoint, EntryPoints
from pathlib import Path
from textwrap import dedent

import pytest

from equeue import TaskRefused
from equeue.entrypoints.worker import modules
from equeue.entrypoints.worker.modules import AppNotFound, load_tasks

MODULES = {
    "shop_one.py": """
        from equeue import Tasks
        tasks = Tasks()
        class Holder:
            inner = Tasks()
        @tasks.task("one.task")
        def one(): ...
        @Holder.inner.task("inner.task")
        def inner(): ...
        not_tasks = 3
    """,
    "shop_two.py": """
        from equeue import Tasks
        from shop_one import tasks
        more = Tasks()
        @more.task("two.task")
        def two(): ...
    """,
    "shop_clash.py": """
        from equeue import Tasks
        tasks = Tasks()
        @tasks.task("one.task")
        def other(): ...
    """,
    "shop_broken.py": "import shop_missing_dependency",
    "shop_empty.py": "",
}


@pytest.fixture(autouse=True)
def _shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Work in a folder with a few modules in it."""
    for name, text in MODULES.items():
        (tmp_path / name).write_text(dedent(text))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [entry for entry in sys.path if entry])
    yield
    for name in [name for name in sys.modules if name.startswith("shop_")]:
        del sys.modules[name]


def ids(*references: str) -> list[str]:
    """Return the ids found."""
    return [task.id for task in load_tasks(references)]


def test_a_reference_names_one_set() -> None:
    """The working directory is searched, as with `python -m`."""
    assert ids("shop_one:tasks") == ["one.task"]
    assert ids("shop_one:Holder.inner") == ["inner.task"]


def test_a_module_stands_for_every_set_in_it() -> None:
    """Those that it imported from elsewhere too."""
    assert ids("shop_two") == ["one.task", "two.task"]


def test_several_references_are_joined() -> None:
    """One that is named twice counts once."""
    assert ids("shop_one:tasks", "shop_two:more", "shop_one") == ["one.task", "two.task"]


def test_two_handlers_of_one_id_are_refused() -> None:
    """Before anything runs, with both places named."""
    with pytest.raises(TaskRefused, match=r"registered twice: by shop_one\.one and by shop_clash\.other"):
        ids("shop_one", "shop_clash")


@pytest.mark.parametrize(
    ("reference", "word"),
    [
        ("shop_nowhere:tasks", "no module 'shop_nowhere'"),
        ("shop_one.sub:tasks", "no module 'shop_one.sub'"),
        ("shop_one:missing", "is not a Tasks"),
        ("shop_one:not_tasks", "is not a Tasks"),
        ("shop_empty", "no tasks found in shop_empty"),
    ],
)
def test_a_wrong_reference_says_what_is_wrong(reference: str, word: str) -> None:
    """And names what was asked for."""
    with pytest.raises(AppNotFound, match=word):
        ids(reference)


def test_a_module_that_cannot_be_imported_tells_its_own_error() -> None:
    """The missing module is the user's, not the reference."""
    with pytest.raises(ModuleNotFoundError, match="shop_missing_dependency"):
        ids("shop_broken")


def test_installed_packages_offer_their_tasks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a reference the entry points of the group `equeue.tasks` are asked."""
    found = EntryPoints([EntryPoint("shop", "shop_one:tasks", modules.GROUP)])
    monkeypatch.setattr(modules, "entry_points", lambda group: found.select(group=group))
    assert "one.task" not in ids("shop_two:more")
    sys.path.insert(0, str(Path.cwd()))
    assert ids() == ["one.task"]


def test_an_entry_point_that_is_no_set_of_tasks_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is named."""
    found = EntryPoints([EntryPoint("shop", "shop_one:not_tasks", modules.GROUP)])
    monkeypatch.setattr(modules, "entry_points", lambda group: found.select(group=group))
    with pytest.raises(TaskRefused, match="entry point 'shop'"):
        ids()
