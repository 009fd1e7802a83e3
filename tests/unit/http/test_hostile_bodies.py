"""Bodies that mean harm, or were made by broken programs: each is 4xx with a code, and none is a 500."""

import gzip
import json
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.http.asserts import is_problem
from tests.unit.http.hostile import HARMLESS, HOSTILE, nested, with_payload
from tests.unit.http.world import Caller, World

from equeue.entrypoints.http.json_body import DEPTH, check_payload
from equeue.entrypoints.http.problems import Problem

JOBS = "/api/v1/jobs"
JSON = {"content-type": "application/json"}


@pytest.mark.parametrize("name", HOSTILE)
async def test_hostile_body_is_refused(api: Caller, world: World, name: str) -> None:
    """4xx with a code of its own, nothing stored, and the next request is served."""
    body, code = HOSTILE[name]
    answer = await api.post(JOBS, content=body, headers=JSON)
    assert 400 <= answer.status_code < 500
    is_problem(answer, code)
    assert len(answer.content) < 2_000
    assert world.store.jobs == {}
    assert (await api.post(JOBS, json={"task": "a"})).status_code == 201


@pytest.mark.parametrize("name", [name for name in HOSTILE if name not in {"2 MB", "empty", "white space"}])
async def test_hostile_body_in_a_bulk_is_refused(api: Caller, world: World, name: str) -> None:
    """The same inside a bulk, in JSON and in lines."""
    body, _ = HOSTILE[name]
    for content, kind in ((b'{"jobs":[' + body + b"]}", JSON), (body, {"content-type": "application/x-ndjson"})):
        answer = await api.post(f"{JOBS}/bulk", content=content, headers=kind)
        assert 400 <= answer.status_code < 500
        is_problem(answer)
    assert world.store.jobs == {}


async def test_hostile_body_elsewhere_is_refused(api: Caller) -> None:
    """Every route reads bodies the same careful way."""
    job = (await api.post(JOBS, json={"task": "a"})).json()["job"]["id"]
    for body in (rb'{"reason":"\u0000"}', b'{"reason":"\xff"}', b"[" * 10_000, b'{"reason":1}', b'{"raeson":"x"}'):
        answer = await api.post(f"{JOBS}/{job}/cancel", content=body, headers=JSON)
        assert answer.status_code == 400
        is_problem(answer)
    answer = await api.post(f"{JOBS}/{job}/cancel", content=b'{"reason":"%s"}' % (b"x" * 100_000), headers=JSON)
    is_problem(answer, "body-too-large")


@pytest.mark.parametrize("name", HARMLESS)
async def test_odd_but_harmless_payload_is_taken(api: Caller, name: str) -> None:
    """What is JSON and can be kept is kept, word for word."""
    payload = HARMLESS[name]
    answer = await api.post(JOBS, content=with_payload(payload), headers=JSON)
    assert answer.status_code == 201
    assert b'"payload":' + payload in answer.content


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"content-type": ""},
        {"content-type": "text/plain"},
        {"content-type": "application/xml"},
        {"content-type": "application/x-www-form-urlencoded"},
        {"content-type": "multipart/form-data; boundary=x"},
        {"content-type": "application/x-ndjson"},
        {"content-type": "application/json; charset=utf-16"},
        {"content-type": "application/jsonp"},
        {"content-type": "application/json", "content-encoding": "gzip"},
    ],
    ids=str,
)
async def test_other_content_types_are_415(api: Caller, world: World, headers: dict[str, str]) -> None:
    """No page elsewhere can post here without asking first, and nothing is guessed."""
    answer = await api.post(JOBS, content=b'{"task":"a"}', headers=headers)
    is_problem(answer, "unsupported-media-type")
    assert world.store.jobs == {}


@pytest.mark.parametrize("coding", ["gzip", "GZIP", "deflate", "br", "gzip, identity"])
async def test_nothing_is_unpacked(api: Caller, world: World, coding: str) -> None:
    """A bomb is refused as it came: 20 KB that would be 20 MB; and so is a small one."""
    for unpacked in (b" " * 20_000_000 + b'{"task":"a"}', b'{"task":"a"}'):
        packed = gzip.compress(unpacked)
        answer = await api.post(JOBS, content=packed, headers=JSON | {"content-encoding": coding})
        is_problem(answer, "unsupported-media-type")
    is_problem(await api.post(JOBS, content=packed, headers=JSON), "invalid-json")
    assert world.store.jobs == {}


@pytest.mark.parametrize(
    "content_type", ["application/json", "APPLICATION/JSON", 'application/json; charset="UTF-8"', "application/json;"]
)
async def test_spellings_of_json_are_taken(api: Caller, content_type: str) -> None:
    """Case and an explicit UTF-8 do not matter."""
    answer = await api.post(JOBS, content=b'{"task":"a"}', headers={"content-type": content_type})
    assert answer.status_code == 201


values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**30), 10**30)
    | st.floats(allow_nan=False, allow_infinity=False)
    # what JSON can say and PostgreSQL can keep
    | st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(st.text(max_size=5), values, max_size=4))
def test_every_ordinary_payload_is_taken(payload: dict[str, object]) -> None:
    """No payload that Python's own encoder writes is refused for its form."""
    check_payload(json.dumps(payload).encode())


@given(st.binary(max_size=60))
def test_any_bytes_are_taken_or_refused(payload: bytes) -> None:
    """Nothing but a `Problem` ever comes out of the check."""
    with suppress(Problem):
        check_payload(payload)


@given(st.integers(1, 140))
def test_depth_is_bounded_exactly(levels: int) -> None:
    """64 levels are taken, 65 are not, whatever kind of nesting."""
    lists, objects = nested(levels), b'{"x":' * levels + b"1" + b"}" * levels
    for payload in (lists, objects):
        if levels <= DEPTH:
            check_payload(payload)
        else:
            with pytest.raises(Problem, match="too-deep"):
                check_payload(payload)
