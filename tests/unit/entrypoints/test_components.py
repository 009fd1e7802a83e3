"""A missing component is loud on a desk and a failure in CI."""

import pytest
from tests.components import missing


def test_missing_component_skips_on_a_desk(monkeypatch: pytest.MonkeyPatch) -> None:
    """The reason names the remedy."""
    monkeypatch.delenv("CI", raising=False)

    with pytest.raises(pytest.skip.Exception, match="apt-get install it"):
        missing("It", "apt-get install it")


def test_missing_component_fails_in_ci(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is passed over where nobody looks."""
    monkeypatch.setenv("CI", "true")

    with pytest.raises(pytest.fail.Exception, match="make ci-deps"):
        missing("It", "apt-get install it")
