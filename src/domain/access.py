"""Who may do what: roles of people, scopes of keys, and the principal that a request acts as."""

from collections.abc import Collection
from datetime import datetime
from enum import StrEnum
from fnmatch import fnmatchcase

import attrs

from .ids import UUID, UserId


class Role(StrEnum):
    """What a person may do at most."""

    MEMBER = "member"
    VIEWER = "viewer"
    OPERATOR = "operator"
    ADMIN = "admin"


class Scope(StrEnum):
    """What a key may do at most; it never exceeds its owner."""

    JOBS_WRITE = "jobs:write"
    JOBS_READ = "jobs:read"
    JOBS_ADMIN = "jobs:admin"
    QUEUES_ADMIN = "queues:admin"
    SCHEDULES_ADMIN = "schedules:admin"
    WORKER = "worker"
    STATS_READ = "stats:read"
    ADMIN = "admin"


_OWN = frozenset({Scope.JOBS_WRITE, Scope.JOBS_READ})
_VIEWER = _OWN | {Scope.STATS_READ}
_OPERATOR = _VIEWER | {Scope.JOBS_ADMIN, Scope.QUEUES_ADMIN, Scope.SCHEDULES_ADMIN, Scope.WORKER}

GRANTS = {
    Role.MEMBER: _OWN,
    Role.VIEWER: _VIEWER,
    Role.OPERATOR: _OPERATOR,
    Role.ADMIN: frozenset(Scope),
}


@attrs.frozen
class Principal:
    """Whom a request acts as: a person, perhaps through one of the person's keys, and until when it may."""

    user_id: UserId
    role: Role
    scopes: frozenset[Scope]
    key_id: UUID | None = None
    queue_globs: tuple[str, ...] = ()
    expires_at: datetime | None = None

    @property
    def name(self) -> str:
        """Return what idempotency keys and audit entries know this principal by."""
        return f"key:{self.key_id}" if self.key_id else f"user:{self.user_id}"

    def may(self, scope: Scope) -> bool:
        """Tell whether both the key and its owner's role allow `scope`."""
        return scope in self.scopes and scope in GRANTS[self.role]

    def reaches(self, queue: str) -> bool:
        """Tell whether the key's queue globs (none is all) admit `queue`."""
        return admits(self.queue_globs, queue)

    @property
    def sees_only(self) -> UserId | None:
        """Return the owner to whose jobs this principal is confined; `None` sees all."""
        return self.user_id if self.role is Role.MEMBER else None

    @property
    def steers_only(self) -> UserId | None:
        """Return the owner whose jobs alone this principal may cancel or retry; `None` steers all."""
        return None if self.may(Scope.JOBS_ADMIN) else self.user_id


def admits(globs: Collection[str], queue: str) -> bool:
    """Tell whether any of `globs` matches `queue`, or there are none.

    `*` stands for any text and `?` for one character. Nothing else is special, so that SQL can say the same by LIKE.
    """
    return not globs or any(fnmatchcase(queue, glob.replace("[", "[[]")) for glob in globs)
