"""What a job, a worker, a user, a task and a queue are called."""

import re
from typing import TypeAlias
from uuid import UUID

JobId: TypeAlias = UUID
UserId: TypeAlias = UUID
WorkerId: TypeAlias = UUID

Json: TypeAlias = bytes
"""One JSON document, UTF-8. It crosses the core unread, so that no number loses a digit."""

NAME = re.compile(r"[a-z0-9_.-]{1,128}")
"""Names of tasks, queues and schedules."""

KEY_BYTES = 255
"""Longest unique, concurrency or idempotency key, in UTF-8 bytes (a b-tree entry has to hold it)."""

__all__ = ["KEY_BYTES", "NAME", "UUID", "JobId", "Json", "UserId", "WorkerId"]
