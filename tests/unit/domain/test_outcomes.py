"""Errors from strangers' code become texts that can be stored."""

from hypothesis import example, given
from tests.strategies import any_text

from equeue.domain.outcomes import MESSAGE_CHARS, TRACEBACK_CHARS, JobError, storable


@given(any_text)
@example("\x00\ud83d")
@example("\ufeff")
def test_any_text_becomes_storable(text: str) -> None:
    """No NUL and no half of a surrogate is left; what could be stored stays as it was, and twice is once."""
    stored = storable(text)
    assert "\x00" not in stored
    assert stored.encode() is not None
    assert storable(stored) == stored
    if "\x00" not in text and not any("\ud800" <= char <= "\udfff" for char in text):
        assert stored == text


@given(any_text, any_text, any_text, any_text)
def test_an_error_of_anything_can_be_stored(type_: str, message: str, traceback: str, fingerprint: str) -> None:
    """Every text is storable and bounded, and the type is never empty."""
    error = JobError.of(type_, message * 500, traceback * 5_000, fingerprint * 50)
    for text in (error.type, error.message, error.traceback, error.fingerprint):
        assert storable(text) == text
    assert 1 <= len(error.type) <= 255
    assert len(error.message) <= MESSAGE_CHARS
    assert len(error.traceback) <= TRACEBACK_CHARS
    assert len(error.fingerprint) <= 255


def test_texts_are_cut_only_beyond_their_bound() -> None:
    """A message keeps its beginning, a traceback its telling end; at the bound both are whole."""
    whole = JobError.of("E", "m" * MESSAGE_CHARS, "t" * TRACEBACK_CHARS)
    assert (whole.message, whole.traceback) == ("m" * MESSAGE_CHARS, "t" * TRACEBACK_CHARS)
    cut = JobError.of("E", "first" + "m" * MESSAGE_CHARS, "t" * TRACEBACK_CHARS + "last")
    assert (len(cut.message), cut.message[:5], cut.message[-1]) == (MESSAGE_CHARS, "first", "…")
    assert (len(cut.traceback), cut.traceback[0], cut.traceback[-4:]) == (TRACEBACK_CHARS, "…", "last")


def test_an_error_without_a_type_has_one() -> None:
    """Something has to be shown."""
    assert JobError.of("").type == "Error"
