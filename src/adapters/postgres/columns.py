"""The types of eQueue's columns: enums and domains of the schema, each with the rule that its values keep.

Rules on a value itself live in domains, which PostgreSQL checks when the value is written. As CHECKs of the table
they would run on every update of the row, also on those that only extend a lease.
"""

from enum import StrEnum
from typing import Any

from sqlalchemy import Text, cast, func, type_coerce
from sqlalchemy.dialects.postgresql import ARRAY, DOMAIN, ENUM, JSONB
from sqlalchemy.engine import Dialect
from sqlalchemy.sql.elements import BindParameter, ColumnElement
from sqlalchemy.sql.operators import OperatorClass
from sqlalchemy.types import TypeDecorator

from ...domain.access import Role, Scope
from ...domain.audit import ActorKind
from ...domain.bulk import BulkStatus
from ...domain.bulk_plan import BulkAction
from ...domain.ids import KEY_BYTES
from ...domain.outcomes import AttemptOutcome
from ...domain.schedule import CatchUp, Overlap
from ...domain.spec import PAYLOAD_BYTES, TAG_CHARS, TAGS, UniqueWhile
from ...domain.statistics import Period
from ...domain.status import JobStatus

SCHEMA = "equeue"
ERROR_BYTES = 256 * 1024
PROGRESS_BYTES = 64 * 1024
ON_DEAD_BYTES = 64 * 1024
AUDITED_BYTES = 64 * 1024
FILTER_BYTES = 256 * 1024
RETENTION_BYTES = 1024


class Domain(DOMAIN):
    """A domain; SQLAlchemy asks each type for the operators that it knows."""

    operator_classes = OperatorClass.ANY


class Document(TypeDecorator[bytes]):
    """A JSON document that stays bytes on this side, so that no number loses a digit on the way."""

    impl = Domain
    cache_ok = True

    def bind_expression(self, bindparam: BindParameter[bytes]) -> ColumnElement[Any]:
        """Hand the text over as jsonb."""
        return cast(bindparam, JSONB)

    def column_expression(self, column: ColumnElement[bytes]) -> ColumnElement[Any]:
        """Read the document as the text that PostgreSQL stores."""
        return type_coerce(cast(column, Text), self)

    def process_bind_param(self, value: bytes | None, dialect: Dialect) -> str | None:  # noqa: ARG002
        """Return the document as text."""
        return None if value is None else value.decode()

    def process_result_value(self, value: str | None, dialect: Dialect) -> bytes | None:  # noqa: ARG002
        """Return the document as bytes."""
        return None if value is None else value.encode()


def _enum(name: str, words: type[StrEnum]) -> ENUM:
    return ENUM(words, name=name, schema=SCHEMA, values_callable=lambda kind: [word.value for word in kind])


def _domain(name: str, kind: Any, rule: str, check: str, **options: Any) -> Domain:
    return Domain(name, kind, schema=SCHEMA, constraint_name=rule, check=check, **options)


def _document(domain: Domain) -> Document:
    return Document(
        domain.name, domain.data_type, schema=SCHEMA, constraint_name=domain.constraint_name, check=domain.check
    )


JOB_STATUS = _enum("job_status", JobStatus)
UNIQUE_WHILE = _enum("unique_while", UniqueWhile)
ATTEMPT_OUTCOME = _enum("attempt_outcome", AttemptOutcome)
ROLE = _enum("role", Role)
ACTOR_KIND = _enum("actor_kind", ActorKind)
BULK_ACTION = _enum("bulk_action", BulkAction)
BULK_STATUS = _enum("bulk_status", BulkStatus)
OVERLAP = _enum("schedule_overlap", Overlap)
CATCH_UP = _enum("schedule_catch_up", CatchUp)
STATS_PERIOD = _enum("stats_period", Period)

# The length stands apart: a counted repetition within the expression costs 7 µs a value instead of 0.4.
NAME = _domain(
    "name",
    Text,
    "name_is_1_to_128_of_a_z_0_9_dot_dash",
    "octet_length(value) <= 128 and value ~ '^[a-z0-9_.-]+$'",
    collation="C",
)
KEY = _domain("key", Text, "key_is_1_to_255_bytes", f"octet_length(value) between 1 and {KEY_BYTES}", collation="C")
TAG_SET = _domain(
    "tags",
    ARRAY(Text),
    "tags_are_at_most_20_of_1_to_64_characters",
    f"cardinality(value) <= {TAGS} and coalesce(array_ndims(value), 1) = 1 and array_position(value, null) is null"
    f" and '' <> all (value) and array_to_string(value, chr(10)) !~ '[^\\n]{{{TAG_CHARS + 1}}}'",
)
SCOPES = _domain(
    "scopes",
    ARRAY(Text),
    "scopes_are_known",
    f"value <@ array[{', '.join(map(repr, map(str, Scope)))}]",
)

JSON_OBJECT = _domain("json_object", JSONB, "document_is_a_json_object", "jsonb_typeof(value) = 'object'")
JOB_PAYLOAD = _domain(
    "job_payload", JSON_OBJECT, "payload_is_at_most_1_mib", f"octet_length(value::text) <= {PAYLOAD_BYTES}"
)
JOB_RESULT = _domain("job_result", JSONB, "result_is_at_most_1_mib", f"octet_length(value::text) <= {PAYLOAD_BYTES}")
JOB_PROGRESS = _domain(
    "job_progress", JSONB, "progress_is_at_most_64_kib", f"octet_length(value::text) <= {PROGRESS_BYTES}"
)
JOB_ERROR = _domain(
    "job_error",
    JSON_OBJECT,
    "error_names_its_type_within_256_kib",
    f"coalesce(jsonb_typeof(value -> 'type') = 'string', value is null) and octet_length(value::text) <= {ERROR_BYTES}",
)
BACKOFF = _domain(
    "backoff",
    JSON_OBJECT,
    "backoff_is_of_a_known_kind_with_a_base",
    "coalesce(value ->> 'kind' in ('fixed', 'exponential'), value is null)"
    " and coalesce(jsonb_typeof(value -> 'base_s') = 'number', value is null)"
    " and octet_length(value::text) <= 1024",
)
TASK_SCHEMA = _domain(
    "task_schema", JSON_OBJECT, "schema_is_at_most_1_mib", f"octet_length(value::text) <= {PAYLOAD_BYTES}"
)
ON_DEAD_TASK = _domain(
    "on_dead",
    JSON_OBJECT,
    "on_dead_names_its_task_within_64_kib",
    "coalesce(jsonb_typeof(value -> 'task') = 'string', value is null)"
    f" and octet_length(value::text) <= {ON_DEAD_BYTES}",
)

RETENTION_SPANS = _domain(
    "retention", JSON_OBJECT, "retention_is_at_most_1_kib", f"octet_length(value::text) <= {RETENTION_BYTES}"
)
AUDITED_FACTS = _domain(
    "audited_facts", JSON_OBJECT, "facts_are_at_most_64_kib", f"octet_length(value::text) <= {AUDITED_BYTES}"
)
BULK_FILTERS = _domain(
    "bulk_filter", JSON_OBJECT, "filter_is_at_most_256_kib", f"octet_length(value::text) <= {FILTER_BYTES}"
)

ENUMS = (
    JOB_STATUS,
    UNIQUE_WHILE,
    ATTEMPT_OUTCOME,
    ROLE,
    ACTOR_KIND,
    BULK_ACTION,
    BULK_STATUS,
    OVERLAP,
    CATCH_UP,
    STATS_PERIOD,
)
DOMAINS = (
    NAME,
    KEY,
    TAG_SET,
    SCOPES,
    JSON_OBJECT,
    JOB_PAYLOAD,
    JOB_RESULT,
    JOB_PROGRESS,
    JOB_ERROR,
    BACKOFF,
    TASK_SCHEMA,
    ON_DEAD_TASK,
    AUDITED_FACTS,
    BULK_FILTERS,
    RETENTION_SPANS,
)
"""In the order in which they can be created."""

PAYLOAD, RESULT, PROGRESS = _document(JOB_PAYLOAD), _document(JOB_RESULT), _document(JOB_PROGRESS)
ERROR, BACKOFF_POLICY, PAYLOAD_SCHEMA = _document(JOB_ERROR), _document(BACKOFF), _document(TASK_SCHEMA)
ON_DEAD, RETENTION = _document(ON_DEAD_TASK), _document(RETENTION_SPANS)
AUDITED, BULK_FILTER = _document(AUDITED_FACTS), _document(BULK_FILTERS)

UUID7 = func.equeue.uuid7()
UUID7_FUNCTION = """
create function equeue.uuid7() returns uuid language sql volatile parallel safe
return encode(
  set_bit(set_bit(
    overlay(uuid_send(gen_random_uuid())
      placing substring(int8send(floor(extract(epoch from clock_timestamp()) * 1000)::bigint) from 3)
      from 1 for 6),
    52, 1), 53, 1),
  'hex')::uuid
"""
"""Makes an id for a plain INSERT: the milliseconds go before the chance of a version 4, two bits make it a 7."""
