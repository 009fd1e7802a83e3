"""The documentation of the state machine is the state machine."""

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

from equeue.domain.transitions import ARCS, Event

DOCS = Path(__file__).parents[3] / "docs"


@pytest.fixture(scope="module")
def generate() -> ModuleType:
    """The generator, loaded from its file."""
    spec = importlib.util.spec_from_file_location("docs_generate", DOCS / "generate.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_page_is_what_the_table_generates(generate: ModuleType) -> None:
    """A change of the table that is not in the page fails here: run `make docs`."""
    assert (DOCS / "reference" / "state-machine.md").read_text() == generate.state_machine()


def test_the_diagram_has_an_arrow_for_each_arc(generate: ModuleType) -> None:
    """No transition is missing from the picture."""
    arrows = [line.split(": ")[1].split(", ") for line in generate.diagram().splitlines()[1:]]
    assert sum(len(events) for events in arrows) == len(ARCS)


def test_every_event_has_a_meaning(generate: ModuleType) -> None:
    """No event is left unexplained."""
    assert set(generate.MEANING) == set(Event)
