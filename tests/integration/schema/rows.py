"""Valid rows of each table as SQL, from which a test makes one that breaks a rule."""

ID, OTHER_ID = "'01900000-0000-7000-8000-000000000001'", "'01900000-0000-7000-8000-000000000002'"
WORKER = "'01900000-0000-7000-8000-0000000000aa'"
AN_ERROR = """'{"type": "ValueError", "message": "no"}'"""
HASH = "decode(repeat('ab', 32), 'hex')"

_QUEUED = {"task": "'a.b'"}
_ENDED = {**_QUEUED, "finished_at": "now()", "worker_id": WORKER, "lease_token": "1", "attempt": "1"}
_DEAD_LETTER = {
    "fingerprint": "'f'",
    "queue": "'default'",
    "task": "'a.b'",
    "job_id": ID,
    "error_type": "'ValueError'",
}

_COUNTED = {"at": "'2026-01-01T00:00:00Z'", "queue": "'default'", "task": "'a.b'", "user_id": ID}

VALID = {
    "queued": ("jobs", _QUEUED),
    "running": (
        "jobs",
        {
            **_QUEUED,
            "status": "'running'",
            "lease_expires_at": "now()",
            "worker_id": WORKER,
            "lease_token": "1",
            "attempt": "1",
        },
    ),
    "succeeded": ("jobs", {**_ENDED, "status": "'succeeded'", "result": "'null'"}),
    "dead": ("jobs", {**_ENDED, "status": "'dead'", "error": AN_ERROR}),
    "cancelled": ("jobs", {**_ENDED, "status": "'cancelled'"}),
    "attempt": (
        "attempts",
        {"job_id": ID, "lease_token": "1", "attempt": "1", "outcome": "'failed'", "error": AN_ERROR},
    ),
    "task": ("tasks", {"id": "'a.b'", "queue": "'default'"}),
    "user": ("users", {"id": ID, "email": "'ann@example.org'"}),
    "api_key": (
        "api_keys",
        {"user_id": ID, "name": "'laptop'", "secret_hash": HASH, "scopes": "'{jobs:read}'"},
    ),
    "session": ("sessions", {"id": ID, "user_id": ID, "expires_at": "now() + '1 hour'"}),
    "login_attempt": ("login_attempts", {"subject": "'account:ab'"}),
    "idempotency_key": (
        "idempotency_keys",
        {"principal": "'user:1'", "key": "'k'", "request_hash": HASH, "answer": "'{}'"},
    ),
    "audit": (
        "audit_log",
        {"actor": "'system'", "action": "'job.cancel'", "target_kind": "'job'", "target_id": "'1'"},
    ),
    "bulk": ("bulk_operations", {"action": "'retry'", "filter": "'{}'", "mark": "now()"}),
    "cadence": ("cadences", {"name": "'lapses'"}),
    "queue": ("queues", {"name": "'default'"}),
    "schedule": ("schedules", {"name": "'nightly'", "cron": "'0 2 * * *'", "task": "'a.b'"}),
    "schedule_fire": ("schedule_fires", {"job_id": OTHER_ID, "schedule_id": ID, "fire_at": "now()"}),
    "stats_change": ("stats_changes", _COUNTED),
    "stats_rollup": ("stats_rollups", {**_COUNTED, "period": "'minute'"}),
    "dead_letter_change": ("dead_letter_changes", {"change": "1", **_DEAD_LETTER}),
    "dead_letter_group": (
        "dead_letter_groups",
        {"jobs": "1", **_DEAD_LETTER, "first_seen": "now()", "last_seen": "now()"},
    ),
}
NEEDS = {
    "attempt": ("queued", {"id": ID}),
    "api_key": ("user", {}),
    "session": ("user", {}),
    "schedule_fire": ("schedule", {"id": ID}),
}
"""What has to be there first, for a foreign key's sake."""


def insert(kind: str, **changes: str) -> str:
    """Return the INSERT of a valid row of this kind, with some columns as given instead."""
    table, values = VALID[kind]
    row = {**values, **changes}
    return f"insert into equeue.{table} ({', '.join(row)}) values ({', '.join(row.values())})"


def needed(kind: str) -> tuple[str, ...]:
    """Return the statements that make room for a row of this kind."""
    if kind not in NEEDS:
        return ()
    parent, changes = NEEDS[kind]
    return (insert(parent, **changes),)
