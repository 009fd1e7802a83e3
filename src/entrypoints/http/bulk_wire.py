"""The forms of bulk operations on the wire."""

from typing import Annotated, Literal

import msgspec
from msgspec import Meta, Struct

from ...application.bulk import JOB_IDS, WORDS
from ...domain.audit import ActorKind
from ...domain.bulk import BulkStatus
from ...domain.bulk_plan import BulkAction
from ...domain.ids import KEY_BYTES, UUID
from ...domain.spec import REASON_CHARS, TAG_CHARS
from ...domain.status import JobStatus
from .wire import Id, Instant, Moment, Name

Cause = Annotated[str, Meta(min_length=1, max_length=KEY_BYTES)]
Tag = Annotated[str, Meta(min_length=1, max_length=TAG_CHARS)]
_FEW = Meta(max_length=WORDS)


class JobSelector(Struct, forbid_unknown_fields=True):
    """Which jobs are meant. Within a member any of the words fits, and all members have to; what is empty fits all.

    `q` is a filter as lists take it, its times seen from the plan's mark. Where nothing is said of `status` beside it,
    those jobs are meant to which the action can happen. `fingerprint` means dead jobs. `created_before` leaves out its
    own instant.
    """

    ids: Annotated[list[UUID], Meta(max_length=JOB_IDS)] = []
    status: list[JobStatus] = []
    queue: Annotated[list[Name], _FEW] = []
    task: Annotated[list[Name], _FEW] = []
    tag: Annotated[list[Tag], _FEW] = []
    fingerprint: Annotated[list[Cause], _FEW] = []
    created_after: Moment | None = None
    created_before: Moment | None = None
    q: str = ""


class BulkOperationRequest(Struct, forbid_unknown_fields=True):
    """A change of many jobs: first with `dry_run`, then with the `plan_hash` that it gave.

    Jobs that are named by `ids` need no `plan_hash`. `queue` is where `move` moves them, `reason` why `cancel` does.
    """

    action: BulkAction
    filter: JobSelector
    queue: Name | None = None
    reason: Annotated[str, Meta(max_length=REASON_CHARS)] | None = None
    dry_run: bool = False
    plan_hash: Annotated[str, Meta(max_length=100)] | None = None


class CappedCount(Struct):
    """A count that ends somewhere: with `capped` there are at least so many."""

    value: int
    capped: bool


class SampleJob(Struct):
    """One of the jobs meant, in short."""

    id: Id
    task: str
    queue: str
    status: JobStatus
    created_at: Instant


class BulkPlanned(Struct, kw_only=True):
    """What a bulk operation would do; no job created after `mark` would be touched."""

    kind: Literal["preview"] = "preview"
    action: BulkAction
    plan_hash: str
    mark: Instant
    count: CappedCount
    sample: list[SampleJob]


class ActorOut(Struct):
    """Who did it."""

    kind: ActorKind
    user_id: Id | None
    key_id: Id | None


class BulkOperationOut(Struct, kw_only=True):
    """A bulk operation and how far it has come.

    `expected` is how many jobs were counted when it was created. `matched` is how many were decided on since: `done`
    were changed, `skipped` were so already or could not be, `failed` could not be written.
    """

    id: Id
    action: BulkAction
    status: BulkStatus
    filter: JobSelector
    queue: str | None
    reason: str | None
    mark: Instant
    plan_hash: str
    expected: CappedCount
    matched: int
    done: int
    skipped: int
    failed: int
    failure: str | None
    actor: ActorOut
    created_at: Instant
    started_at: Instant | None
    finished_at: Instant | None


class BulkOperationList(Struct):
    """One page of bulk operations, newest first; the cursors lead to the pages on either side, `null` for none."""

    items: list[BulkOperationOut]
    next_cursor: str | None
    prev_cursor: str | None
    has_more: bool


class OperationsQuery(msgspec.Struct):
    """How many, and where."""

    limit: Annotated[int, Meta(ge=1, le=200)] = 50
    cursor: Annotated[str, Meta(max_length=200)] | None = None
