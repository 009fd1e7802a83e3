"""The OpenAPI 3.1 document, made from what each route declares of itself."""

from collections.abc import Mapping, Sequence
from importlib.metadata import version
from itertools import groupby
from typing import Any, TypeAlias

import msgspec

from . import audit, bulk_wire, failure_wire, list_wire, people_wire, schedule_wire, wire
from .endpoint import EVENT_STREAM, JSON, MERGE_PATCH, PUBLIC, AnyOf, Endpoint, People
from .problems import KINDS, PROBLEM_JSON

Document: TypeAlias = dict[str, Any]

_REF = "#/components/schemas/{name}"
_EVERYWHERE = (
    *("bad-request", "invalid-parameter", "request-timeout", "head-too-large"),
    *("internal", "unavailable", "overloaded", "stopped"),
)
_WITH_KEY = ("unauthenticated",)
_WITH_SCOPE = ("forbidden",)
_WITH_BODY = ("invalid-json", "nul-not-allowed", "invalid-body", "body-too-large", "unsupported-media-type")
_WITH_PATH = ("not-found",)
_CONDITIONAL = ("precondition-required", "stale")
_NO_CONTENT = 204
_TAGGED = frozenset(
    {
        wire.JobAnswer,
        wire.MoveAnswer,
        failure_wire.QueueOut,
        schedule_wire.ScheduleOut,
        people_wire.UserOut,
        people_wire.ApiKeyOut,
    }
)
_CREATED = frozenset({wire.EnqueueAnswer, schedule_wire.ScheduleOut, people_wire.UserOut, people_wire.NewApiKey})
_LINKED = frozenset({list_wire.JobList, failure_wire.GroupList, bulk_wire.BulkOperationList, audit.AuditPage})
_HEADERS = {
    "Location": "where the new thing is",
    "ETag": "changes whenever the job does",
    "Link": "the pages on either side (RFC 8288)",
    "Retry-After": "seconds to wait",
    "RateLimit": "what is left, and in how many seconds there is more",
    "RateLimit-Policy": "how many in how many seconds",
    "Idempotency-Replayed": "`true` if this is the first answer again",
    "Preference-Applied": "the wait that `Prefer` got",
}


def document(endpoints: Sequence[Endpoint]) -> Document:
    """Return the document for those of `endpoints` that carry a tag."""
    shown = [endpoint for endpoint in endpoints if endpoint.tag]
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "eQueue",
            "version": version("equeue"),
            "summary": "A job queue on PostgreSQL: leases, fences and retries you can reason about.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/"}],
        "tags": [{"name": name} for name in dict.fromkeys(endpoint.tag for endpoint in shown)],
        "paths": _paths(shown),
        "components": {"schemas": _schemas(shown), "securitySchemes": _SECURITY},
    }


_BEARER = "An API key, `eq_<id>_<secret>`, or the access token of somebody who has logged in."
_SECURITY = {"key": {"type": "http", "scheme": "bearer", "description": _BEARER}}


def _paths(endpoints: Sequence[Endpoint]) -> Document:
    paths: Document = {}
    for endpoint in endpoints:
        paths.setdefault(_path(endpoint), {})[endpoint.method.lower()] = _operation(endpoint)
    return paths


def _path(endpoint: Endpoint) -> str:
    return endpoint.path.replace(":str}", "}")


def _operation(endpoint: Endpoint) -> Document:
    operation: Document = {
        "operationId": endpoint.name,
        "tags": [endpoint.tag],
        "summary": endpoint.summary,
        "description": _description(endpoint),
        "parameters": [*_path_parameters(endpoint), *_query_parameters(endpoint), *_header_parameters(endpoint)],
        "responses": _responses(endpoint),
        "security": [] if endpoint.access == PUBLIC else [{"key": []}],
    }
    if endpoint.body is not None:
        schema = {"schema": {"$ref": _REF.format(name=endpoint.body.form.__name__)}}
        operation["requestBody"] = {
            "required": not endpoint.body.optional,
            "content": {
                kind: schema if kind in (JSON, MERGE_PATCH) else {"schema": {"type": "string"}}
                for kind in endpoint.body.types
            },
        }
    return operation


def _description(endpoint: Endpoint) -> str:
    _, _, rest = (endpoint.handler.__doc__ or "").strip().partition("\n")
    said = " ".join(line.strip() for line in rest.splitlines() if line.strip())
    if isinstance(endpoint.access, People):
        said += " For people who have logged in"
        said += ", and keys with the scope `admin`." if endpoint.access.scopes else ", not for keys."
    if isinstance(endpoint.access, AnyOf):
        said += f" Scope: {' or '.join(f'`{scope}`' for scope in sorted(endpoint.access.scopes))}."
    return said.strip()


def _path_parameters(endpoint: Endpoint) -> list[Document]:
    return [
        {
            "name": name,
            "in": "path",
            "required": True,
            "schema": {
                "type": "string",
                **({"format": "uuid"} if name in ("job_id", "operation_id", "user_id", "key_id") else {}),
            },
        }
        for name in endpoint.parameters
    ]


def _query_parameters(endpoint: Endpoint) -> list[Document]:
    (form,), schemas = msgspec.json.schema_components([endpoint.query], ref_template=_REF)
    properties: Mapping[str, Document] = schemas[form["$ref"].rpartition("/")[2]].get("properties", {})
    return [
        {
            "name": name,
            "in": "query",
            "required": False,
            "schema": {key: value for key, value in schema.items() if key != "description"},
            **({"description": schema["description"]} if "description" in schema else {}),
        }
        for name, schema in properties.items()
    ]


def _header_parameters(endpoint: Endpoint) -> list[Document]:
    headers: list[Document] = []
    if "idempotency-key-reused" in endpoint.problems:
        schema = {"type": "string", "minLength": 1, "maxLength": 255}
        headers.append({"name": "Idempotency-Key", "in": "header", "required": False, "schema": schema})
    if endpoint.waits:
        said = "`wait=N`: answer once the job has ended, at most N seconds from now (55 at most); RFC 7240"
        schema = {"type": "string", "examples": ["wait=20"]}
        headers.append({"name": "Prefer", "in": "header", "required": False, "description": said, "schema": schema})
    if EVENT_STREAM in endpoint.streams:
        said = "the `id` of the last event that was read"
        schema = {"type": "string"}
        headers.append(
            {"name": "Last-Event-ID", "in": "header", "required": False, "description": said, "schema": schema}
        )
    if endpoint.conditional:
        said = "the ETag that was read"
        headers.append(
            {"name": "If-Match", "in": "header", "required": True, "description": said, "schema": {"type": "string"}}
        )
    return headers


def _responses(endpoint: Endpoint) -> Document:
    codes = sorted(_codes(endpoint), key=lambda code: (KINDS[code].status, code))
    responses = {
        str(status): {
            "description": (form.__doc__ or "").strip(),
            **_headers(endpoint, status),
            **_content(endpoint, status, form),
        }
        for status, form in endpoint.answers.items()
    }
    problem = {PROBLEM_JSON: {"schema": {"$ref": _REF.format(name=wire.ProblemDocument.__name__)}}}
    for status, some in groupby(codes, key=lambda code: KINDS[code].status):
        said = "; ".join(f"`{code}`: {KINDS[code].title}" for code in some)
        responses[str(status)] = {"description": said, **_headers(endpoint, status), "content": problem}
    return responses


def _content(endpoint: Endpoint, status: int, form: type[msgspec.Struct]) -> Document:
    if endpoint.streams:
        return {"content": {kind: {"schema": _streamed(kind, form)} for kind in endpoint.streams}}
    return {} if status == _NO_CONTENT else {"content": {JSON: _form(form)}}


def _streamed(kind: str, form: type[msgspec.Struct]) -> Document:
    if kind != EVENT_STREAM:
        return {"type": "string"}
    return {"type": "string", "description": "server-sent events", "x-event-data": _form(form)["schema"]}


def _form(form: type[msgspec.Struct]) -> Document:
    return {"schema": {"$ref": _REF.format(name=form.__name__)}}


def _codes(endpoint: Endpoint) -> set[str]:
    codes = {*endpoint.problems, *_EVERYWHERE}
    codes.update(() if endpoint.access == PUBLIC else _WITH_KEY)
    codes.update(_WITH_SCOPE if isinstance(endpoint.access, AnyOf | People) else ())
    codes.update(_WITH_BODY if endpoint.body else ())
    codes.update(_CONDITIONAL if endpoint.conditional else ())
    codes.update(_WITH_PATH if endpoint.parameters else ())
    return codes


def _headers(endpoint: Endpoint, status: int) -> Document:
    names = {
        201: ("Location",) if _CREATED.intersection(endpoint.answers.values()) else (),
        202: _headers_of_202(endpoint),
        429: ("Retry-After", *(("RateLimit", "RateLimit-Policy") if "too-many-requests" in endpoint.problems else ())),
        503: ("Retry-After",),
    }.get(status, ())
    if status == 200:
        forms = endpoint.answers.values()
        names = (
            *(("Link",) if _LINKED.intersection(forms) else ()),
            *(("ETag",) if _TAGGED.intersection(forms) else ()),
        )
    if endpoint.waits and status in endpoint.answers:
        names = (*names, "Preference-Applied")
    headers = {name: {"description": _HEADERS[name], "schema": {"type": "string"}} for name in names}
    return {"headers": headers} if headers else {}


def _headers_of_202(endpoint: Endpoint) -> tuple[str, ...]:
    forms = endpoint.answers.values()
    return ("Retry-After",) if wire.ResultAnswer in forms else ("Location",) * (bulk_wire.BulkOperationOut in forms)


def _schemas(endpoints: Sequence[Endpoint]) -> Document:
    forms = {form for endpoint in endpoints for form in endpoint.answers.values()} | {wire.ProblemDocument}
    forms |= {endpoint.body.form for endpoint in endpoints if endpoint.body}
    queries = {endpoint.query for endpoint in endpoints} - forms
    everything = sorted(forms | queries, key=lambda form: form.__name__)
    _, schemas = msgspec.json.schema_components(everything, ref_template=_REF)
    # Query forms are shown parameter by parameter; only what those refer to belongs here.
    return {name: schema for name, schema in sorted(schemas.items()) if name not in {q.__name__ for q in queries}}
