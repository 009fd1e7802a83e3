"""Everything here is chaos: real processes, real signals, a real database, and faults in rounds."""

from pathlib import Path

import pytest

FOLDER = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what lies here, so that a run may leave it out by `-m 'not chaos'`."""
    for item in items:
        if item.path.is_relative_to(FOLDER):
            item.add_marker("chaos")
            item.add_marker(pytest.mark.timeout(3_600))
