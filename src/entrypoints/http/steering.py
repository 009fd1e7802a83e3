"""The forms in which single jobs are steered and counted over the wire; nothing here decides."""

from typing import Annotated

from msgspec import UNSET, Meta, Struct, UnsetType

from ...domain import spec
from ...domain.retry import MAX_RETRIES
from . import list_wire, wire


class EditRequest(Struct, forbid_unknown_fields=True):
    """What changes about a queued job (RFC 7396): a payload is merged member by member, `null` takes one away."""

    priority: Annotated[int, Meta(ge=0, le=spec.LOWEST_PRIORITY, description="lower runs first")] | UnsetType = UNSET
    queue: wire.Name | UnsetType = UNSET
    run_at: wire.Moment | UnsetType = UNSET
    max_retries: Annotated[int, Meta(ge=0, le=MAX_RETRIES)] | UnsetType = UNSET
    tags: Annotated[list[str], Meta(max_length=spec.TAGS)] | UnsetType = UNSET
    payload: wire.Payload | UnsetType = UNSET


class RerunRequest(Struct, forbid_unknown_fields=True):
    """What the new job has of its own; what is left out is copied, but for `run_at`, which is now."""

    payload: wire.Payload | UnsetType = UNSET
    queue: wire.Name | UnsetType = UNSET
    priority: Annotated[int, Meta(ge=0, le=spec.LOWEST_PRIORITY, description="lower runs first")] | UnsetType = UNSET
    run_at: wire.Moment | None = None
    delay_s: wire.Delay | None = None
    max_retries: Annotated[int, Meta(ge=0, le=MAX_RETRIES)] | UnsetType = UNSET
    backoff: wire.Backoff | UnsetType = UNSET
    timeout_s: wire.Timeout | UnsetType = UNSET
    expires_at: wire.Moment | UnsetType | None = UNSET
    tags: Annotated[list[str], Meta(max_length=spec.TAGS)] | UnsetType = UNSET
    unique: wire.UniqueRequest | UnsetType | None = UNSET
    concurrency_key: str | UnsetType | None = UNSET


class JobCount(Struct):
    """How many jobs there are under the filter, in all and in each status that it asks for."""

    total: list_wire.CountOut
    by_status: dict[str, list_wire.CountOut]
