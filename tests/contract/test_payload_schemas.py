"""Payloads are judged by what is kept of their task's schema, whoever wrote it."""

import json
from typing import Any

import pytest

from equeue.adapters.json_schema import CompiledSchemas
from equeue.adapters.memory.payload_schemas import MemoryPayloadSchemas
from equeue.application.payload_schema import LENIENT, PARTS
from equeue.application.ports.payload_schemas import UNJUDGED, PayloadSchemas

EMAIL = {
    "type": "object",
    "properties": {
        "user_id": {"type": "integer", "minimum": 1},
        "lang": {"enum": ["en", "de"], "default": "en"},
        "to": {"type": "array", "items": {"$ref": "#/$defs/Address"}, "maxItems": 2},
        "note": {"anyOf": [{"type": "string", "maxLength": 3}, {"type": "null"}]},
        "a/b~c": {"type": "boolean"},
        "pair": {"type": "array", "prefixItems": [{"type": "number"}, {"type": "string"}], "items": False},
    },
    "required": ["user_id"],
    "additionalProperties": False,
    "$defs": {"Address": {"type": "object", "properties": {"at": {"type": "string"}}, "required": ["at"]}},
}

FITTING: list[Any] = [
    {"user_id": 1},
    {"user_id": 10**40, "lang": "de", "to": [{"at": "x", "more": 1}], "note": None, "pair": [1.5, ""]},
    {"user_id": 1, "note": "äöü", "a/b~c": True, "to": [], "pair": []},
]

FAULTY: list[tuple[Any, list[str]]] = [
    ({}, ["/user_id"]),
    ({"user_id": "1"}, ["/user_id"]),
    ({"user_id": True}, ["/user_id"]),
    ({"user_id": 0}, ["/user_id"]),
    ({"user_id": 1, "nope": 1, "x/y~z": 2}, ["/nope", "/x~1y~0z"]),
    ({"user_id": 1, "lang": "fr"}, ["/lang"]),
    ({"user_id": 1, "to": [{"at": "x"}, {"at": 1}]}, ["/to/1/at"]),
    ({"user_id": 1, "to": [{}]}, ["/to/0/at"]),
    ({"user_id": 1, "to": [{"at": "x"}] * 3}, ["/to"]),
    ({"user_id": 1, "note": "long"}, ["/note"]),
    ({"user_id": 1, "a/b~c": 1}, ["/a~1b~0c"]),
    ({"user_id": None, "lang": 1}, ["/lang", "/user_id"]),
    ({"user_id": 1, "pair": [1, "a", 2]}, ["/pair/2"]),
]

NO_HELP = [
    b"nonsense",
    b"[1]",
    b"5",
    b'{"type": "nope"}',
    b'{"type": 5, "required": "all", "properties": [], "enum": {}, "minimum": "x", "maxLength": -1, "anyOf": {}}',
    b'{"$ref": "http://127.0.0.1:9/remote.json"}',
    b'{"$ref": "file:///etc/passwd"}',
    b'{"$ref": "#/$defs/missing"}',
    b'{"$ref": "#"}',
    b'{"$defs": {"a": {"$ref": "#/$defs/b"}, "b": {"$ref": "#/$defs/a"}}, "$ref": "#/$defs/a"}',
    b'{"$dynamicRef": "#x"}',
    b'{"properties": {"s": {"pattern": "^(a+)+$"}}, "patternProperties": {".": false}, "additionalProperties": false}',
    b'{"not": {}, "if": true, "then": false, "unevaluatedProperties": false, "propertyNames": false}',
    b'{"dependentRequired": {"s": ["t"]}, "properties": {"s": {"format": "ipv4", "contentEncoding": "base64"}}}',
    b'{"properties": {"s": {"type": "integer", "%s": true}}}' % LENIENT.encode(),
    b'{"properties": {"s": {"type": "string", "format": "decimal"}, "t": {"type": "string"}}}',
    b'{"properties": {"kind": {"const": "x"}}, "required": ["kind"]}',
    b'{"properties": ' * 400 + b"{}" + b"}" * 400,
    b'{"allOf": [' * 40_000 + b"{}" + b"]}" * 40_000,
]


@pytest.fixture(params=[CompiledSchemas, MemoryPayloadSchemas], ids=lambda kind: kind.__name__)
def schemas(request: pytest.FixtureRequest) -> PayloadSchemas:
    """Give each adapter."""
    made: PayloadSchemas = request.param()
    return made


def judged(schemas: PayloadSchemas, schema: Any, payload: Any) -> list[str]:
    """Return the places at fault."""
    return sorted(fault.pointer for fault in schemas.faults(json.dumps(schema).encode(), json.dumps(payload).encode()))


@pytest.mark.parametrize("payload", FITTING)
def test_a_fitting_payload_has_no_fault(schemas: PayloadSchemas, payload: Any) -> None:
    """What the schema admits is taken."""
    assert judged(schemas, EMAIL, payload) == []


@pytest.mark.parametrize(("payload", "pointers"), FAULTY)
def test_a_fault_is_named_by_its_place(schemas: PayloadSchemas, payload: Any, pointers: list[str]) -> None:
    """Missing and unknown members by their own names."""
    assert judged(schemas, EMAIL, payload) == pointers


@pytest.mark.parametrize("schema", NO_HELP, ids=range(len(NO_HELP)))
def test_what_is_no_help_in_judging_admits_everything(schemas: PayloadSchemas, schema: bytes) -> None:
    """Whatever a worker has declared, nothing is fetched, nothing hangs, and nothing is refused by mistake."""
    assert not schemas.faults(schema, b'{"s": 5.5, "t": "' + b"a" * 40 + b'!"}')


def test_parts_beyond_the_bound_admit_everything(schemas: PayloadSchemas) -> None:
    """Those before it are judged by."""
    wide = {"properties": {f"p{n}": {"type": "string"} for n in range(PARTS + 10)}}
    assert judged(schemas, wide, {"p0": 1, f"p{PARTS + 5}": 1}) == ["/p0"]


def test_what_grows_beyond_its_bound_is_not_looked_into(schemas: PayloadSchemas) -> None:
    """References that double at each level would take for ever to follow: two of each, sixty levels deep."""
    level = {f"d{n}": {"anyOf": [{"$ref": f"#/$defs/d{n + 1}"}] * 2} for n in range(60)}
    schema = {"$ref": "#/$defs/d0", "$defs": level | {"d60": {"type": "string"}}}
    assert judged(schemas, schema, {"a": 1}) == []


def test_what_recurs_is_looked_into_once(schemas: PayloadSchemas) -> None:
    """A tree is judged at its root; judged all the way down, alternatives would double at each level of the payload."""
    node = {"type": "object", "properties": {"n": {"type": "integer"}, "next": {"$ref": "#/$defs/Node"}}}
    schema = {"$ref": "#/$defs/Node", "$defs": {"Node": node}}
    assert judged(schemas, schema, {"n": "x"}) == ["/n"]
    deep: Any = {"n": 1}
    for _ in range(60):
        deep = {"n": 1, "next": deep}
    assert judged(schemas, schema, deep) == []


def test_faults_are_few_and_short() -> None:
    """However much is wrong, and however long it is."""
    payload = json.dumps({"x" * 300 + str(n): 1 for n in range(1_000)}).encode()
    faults = CompiledSchemas().faults(json.dumps(EMAIL).encode(), payload)
    assert len(faults) == 20
    assert all(len(fault.pointer) <= 101 and len(fault.detail) <= 301 for fault in faults)


def test_where_nothing_is_judged_everything_is_taken() -> None:
    """The stand-in for places that know of no schema."""
    assert UNJUDGED.faults(b'{"type": "null"}', b"{}") == ()
