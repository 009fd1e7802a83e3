"""Answers are packed for who takes that, where it is worth it, and say the same."""

import gzip

import attrs
import pytest
from tests.unit.http.world import Caller

from equeue.entrypoints.http.compression import WORTH_BYTES, compressed, takes_gzip
from equeue.entrypoints.http.endpoint import Answer


@pytest.mark.parametrize(
    ("accepted", "taken"),
    [
        ("gzip", True),
        ("br, GZIP;q=0.5, deflate", True),
        ("gzip;q=0", False),
        ("gzip; q=0.000", False),
        ("", False),
        ("identity", False),
        ("x-gzip", False),
        ("*", False),
    ],
)
def test_who_takes_gzip_says_so(accepted: str, taken: bool) -> None:  # noqa: FBT001 - a table
    """By name and with a weight above zero."""
    assert takes_gzip(accepted) is taken


@pytest.mark.parametrize("size", [WORTH_BYTES, 200_000])
async def test_packed_answer_says_the_same(size: int) -> None:
    """Small ones at once, large ones beside the loop."""
    answer = Answer(b"x" * size, headers={"ETag": '"1"'})
    packed = await compressed(answer, {"accept-encoding": "gzip"})
    assert gzip.decompress(packed.content) == answer.content
    assert len(packed.content) < size / 10
    assert packed.headers == {"ETag": '"1"', "Vary": "Accept-Encoding", "Content-Encoding": "gzip"}


@pytest.mark.parametrize("answer", [Answer(b"x" * (WORTH_BYTES - 1)), Answer(b"x" * 9_999, media_type="image/png")])
async def test_what_is_not_worth_it_is_left_alone(answer: Answer) -> None:
    """Small answers, and what is packed already."""
    assert await compressed(answer, {"accept-encoding": "gzip"}) == answer


async def test_plain_answer_says_that_it_could_be_packed() -> None:
    """Or a cache between would give the packed one to who cannot read it."""
    answer = Answer(b"x" * WORTH_BYTES)
    assert await compressed(answer, {}) == attrs.evolve(answer, headers={"Vary": "Accept-Encoding"})


async def test_lists_go_packed(api: Caller) -> None:
    """What clients read is what would have come otherwise."""
    for _ in range(5):
        await api.post("/api/v1/jobs", json={"task": "a"})
    packed = await api.get("/api/v1/jobs", headers={"accept-encoding": "gzip"})
    plain = await api.get("/api/v1/jobs", headers={"accept-encoding": "identity"})
    assert packed.headers["content-encoding"] == "gzip"
    assert "content-encoding" not in plain.headers
    assert packed.json() == plain.json()
    assert int(packed.headers["content-length"]) < int(plain.headers["content-length"])
