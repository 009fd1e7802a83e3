"""For each rule of the schema the rows that break it, and the rows that only just keep them all."""

import attrs
from tests.integration.schema.rows import AN_ERROR, HASH, ID, OTHER_ID, WORKER, insert

INFINITE = "'infinity'"


@attrs.frozen
class Broken:
    """One row that breaks one rule and no other."""

    rule: str
    kind: str
    changes: dict[str, str]
    before: tuple[str, ...] = ()

    def __str__(self) -> str:
        return f"{self.rule}-{self.kind}-{'-'.join(self.changes)}"


def _broken(rule: str, kind: str, *before: str, **changes: str) -> Broken:
    return Broken(rule, kind, changes, before)


def _json(text: str, length: int) -> str:
    """Return a JSON text made of `text` whose `%` is filled until the whole has `length` bytes."""
    return f"""'{text.replace("%", "x" * (length - len(text) + 1))}'"""


MIB = 1_048_576
BROKEN = [
    _broken("ck_jobs_priority_is_0_to_9", "queued", priority="10"),
    _broken("ck_jobs_priority_is_0_to_9", "queued", priority="-1"),
    _broken("ck_jobs_attempt_is_not_negative", "queued", attempt="-1"),
    _broken("ck_jobs_retry_count_is_not_negative", "queued", retry_count="-1"),
    _broken("ck_jobs_max_retries_is_0_to_1000", "queued", max_retries="1001"),
    _broken("ck_jobs_max_retries_is_0_to_1000", "queued", max_retries="-1", retry_count="-1"),
    _broken("ck_jobs_retry_count_is_within_max_retries", "queued", retry_count="4"),
    _broken("ck_jobs_lapse_count_is_not_negative", "queued", lapse_count="-1"),
    _broken("ck_jobs_revision_is_not_negative", "queued", revision="-1"),
    _broken("ck_jobs_lease_token_is_not_negative", "queued", lease_token="-1"),
    _broken("ck_jobs_timeout_is_a_tenth_of_a_second_to_a_day", "queued", timeout_s="0.09"),
    _broken("ck_jobs_timeout_is_a_tenth_of_a_second_to_a_day", "queued", timeout_s="86401"),
    _broken("ck_jobs_timeout_is_a_tenth_of_a_second_to_a_day", "queued", timeout_s="'nan'"),
    _broken("ck_jobs_timeout_is_a_tenth_of_a_second_to_a_day", "queued", timeout_s=INFINITE),
    _broken("ck_jobs_run_at_is_a_readable_instant", "queued", run_at=INFINITE),
    _broken("ck_jobs_run_at_is_a_readable_instant", "queued", run_at="'-infinity'"),
    _broken("ck_jobs_run_at_is_a_readable_instant", "queued", run_at="'10000-01-01'"),
    _broken("ck_jobs_run_at_is_a_readable_instant", "queued", run_at="'0044-03-15 BC'"),
    _broken("ck_jobs_expires_at_is_a_readable_instant", "queued", expires_at=INFINITE),
    _broken("ck_jobs_expires_at_is_a_readable_instant", "queued", expires_at="'-infinity'"),
    _broken("ck_jobs_running_means_a_lease", "running", lease_expires_at="null"),
    _broken("ck_jobs_running_means_a_lease", "queued", lease_expires_at="now()"),
    _broken("ck_jobs_running_means_a_lease", "dead", lease_expires_at="now()"),
    _broken("ck_jobs_running_means_a_worker", "running", worker_id="null"),
    _broken("ck_jobs_running_means_a_token", "running", lease_token="0"),
    _broken("ck_jobs_ended_means_finished_at", "queued", finished_at="now()"),
    _broken("ck_jobs_ended_means_finished_at", "running", finished_at="now()"),
    _broken("ck_jobs_ended_means_finished_at", "succeeded", finished_at="null"),
    _broken("ck_jobs_ended_means_finished_at", "dead", finished_at="null"),
    _broken("ck_jobs_ended_means_finished_at", "cancelled", finished_at="null"),
    _broken("ck_jobs_dead_means_an_error", "dead", error="null"),
    _broken("ck_jobs_result_only_of_a_success", "queued", result="'1'"),
    _broken("ck_jobs_result_only_of_a_success", "running", result="'1'"),
    _broken("ck_jobs_result_only_of_a_success", "dead", result="'1'"),
    _broken("ck_jobs_result_only_of_a_success", "cancelled", result="'1'"),
    _broken("ck_jobs_cancel_request_only_once_claimed", "queued", cancel_requested_at="now()"),
    _broken("ck_jobs_cancel_reason_only_with_a_cancel", "queued", cancel_reason="'why'"),
    _broken("ck_jobs_cancel_reason_only_with_a_cancel", "succeeded", cancel_reason="'why'"),
    _broken("ck_jobs_cancel_reason_is_at_most_1000_characters", "cancelled", cancel_reason="repeat('é', 1001)"),
    _broken("ck_jobs_traceparent_is_at_most_255_bytes", "queued", traceparent="repeat('a', 256)"),
    _broken("ck_jobs_unique_key_and_while_go_together", "queued", unique_key="'k'"),
    _broken("ck_jobs_unique_key_and_while_go_together", "queued", unique_while="'active'"),
    _broken("ck_jobs_unique_slot_only_with_a_key", "queued", unique_slot="'-:k'"),
    _broken(
        "ck_jobs_unique_slot_is_at_most_300_bytes",
        "queued",
        unique_key="'k'",
        unique_while="'active'",
        unique_slot="repeat('é', 151)",
    ),
    *(
        _broken("ck_jobs_unique_slot_only_while_held", kind, unique_key="'k'", unique_while=scope, unique_slot="'-:k'")
        for kind, scope in (
            ("running", "'queued'"),
            ("succeeded", "'active'"),
            ("dead", "'active'"),
            ("cancelled", "'active'"),
        )
    ),
    _broken(
        "uq_jobs_unique_slot",
        "queued",
        insert("running", unique_key="'k'", unique_while="'active'", unique_slot="'-:k'"),
        unique_key="'k'",
        unique_while="'queued'",
        unique_slot="'-:k'",
    ),
    _broken("pk_jobs", "queued", insert("queued", id=ID), id=ID),
    _broken("name_is_1_to_128_of_a_z_0_9_dot_dash", "queued", task="''"),
    _broken("name_is_1_to_128_of_a_z_0_9_dot_dash", "queued", task="repeat('a', 129)"),
    _broken("name_is_1_to_128_of_a_z_0_9_dot_dash", "queued", task="'Mail'"),
    _broken("name_is_1_to_128_of_a_z_0_9_dot_dash", "queued", queue="E'a\\n'"),
    _broken("key_is_1_to_255_bytes", "queued", concurrency_key="''"),
    _broken("key_is_1_to_255_bytes", "queued", unique_key="repeat('é', 128)", unique_while="'active'"),
    *(
        _broken("tags_are_at_most_20_of_1_to_64_characters", "queued", tags=tags)
        for tags in (
            "array_fill('t'::text, array[21])",
            "array['']",
            "array[null]::text[]",
            "array['a', repeat('é', 65)]",
            "array[['a', 'b']]",
        )
    ),
    *(
        _broken("document_is_a_json_object", "queued", payload=payload)
        for payload in ("'[]'", "'1'", "'\"a\"'", "'null'")
    ),
    _broken("document_is_a_json_object", "dead", error="'[]'"),
    _broken("payload_is_at_most_1_mib", "queued", payload=_json('{"a": "%"}', MIB + 1)),
    _broken("result_is_at_most_1_mib", "succeeded", result=_json('"%"', MIB + 1)),
    _broken("progress_is_at_most_64_kib", "running", progress=_json('"%"', 65_537)),
    _broken("error_names_its_type_within_256_kib", "dead", error="'{}'"),
    _broken("error_names_its_type_within_256_kib", "dead", error="""'{"type": 1}'"""),
    _broken("error_names_its_type_within_256_kib", "dead", error=_json('{"type": "E", "message": "%"}', 262_160)),
    _broken("backoff_is_of_a_known_kind_with_a_base", "queued", backoff="'{}'"),
    _broken("backoff_is_of_a_known_kind_with_a_base", "queued", backoff="""'{"kind": "linear", "base_s": 1}'"""),
    _broken("backoff_is_of_a_known_kind_with_a_base", "queued", backoff="""'{"kind": "fixed", "base_s": "1"}'"""),
    _broken(
        "backoff_is_of_a_known_kind_with_a_base",
        "queued",
        backoff=_json('{"kind": "fixed", "base_s": 1, "a": "%"}', 1_030),
    ),
    _broken("fk_attempts_job_id_jobs", "attempt", job_id=OTHER_ID),
    _broken("pk_attempts", "attempt", insert("attempt")),
    _broken("ck_attempts_attempt_is_positive", "attempt", attempt="0"),
    _broken("ck_attempts_lease_token_is_positive", "attempt", lease_token="0"),
    *(
        _broken("ck_attempts_failure_means_an_error", "attempt", outcome=outcome, error="null")
        for outcome in ("'failed'", "'timed_out'", "'crashed'", "'discarded'")
    ),
    _broken("pk_tasks", "task", insert("task")),
    _broken("ck_tasks_max_retries_is_0_to_1000", "task", max_retries="1001"),
    _broken("ck_tasks_max_retries_is_0_to_1000", "task", max_retries="-1"),
    _broken("ck_tasks_timeout_is_a_tenth_of_a_second_to_a_day", "task", timeout_s="0"),
    _broken("ck_tasks_timeout_is_a_tenth_of_a_second_to_a_day", "task", timeout_s="'nan'"),
    _broken("ck_tasks_doc_is_at_most_100000_characters", "task", doc="repeat('d', 100001)"),
    _broken("schema_is_at_most_1_mib", "task", payload_schema=_json('{"a": "%"}', MIB + 1)),
    _broken("pk_users", "user", insert("user"), email="'bob@example.org'"),
    _broken("uq_users_email", "user", insert("user"), id=OTHER_ID, email="'Ann@Example.org'"),
    _broken("ck_users_email_is_an_address_of_at_most_320_characters", "user", email="'ann'"),
    _broken("ck_users_email_is_an_address_of_at_most_320_characters", "user", email="'a n@example.org'"),
    _broken("ck_users_email_is_an_address_of_at_most_320_characters", "user", email="'@' || repeat('a', 320)"),
    _broken("ck_users_password_hash_is_1_to_255_bytes", "user", password_hash="''"),
    _broken("ck_users_password_hash_is_1_to_255_bytes", "user", password_hash="repeat('a', 256)"),
    _broken("ck_users_revision_is_not_negative", "user", revision="-1"),
    _broken("ck_api_keys_revision_is_not_negative", "api_key", revision="-1"),
    _broken("ck_api_keys_former_secret_is_whole", "api_key", former_hash=HASH),
    _broken("ck_api_keys_former_secret_is_whole", "api_key", former_until="now()"),
    _broken("ck_api_keys_former_hash_is_32_bytes", "api_key", former_hash=f"substr({HASH}, 2)", former_until="now()"),
    _broken("pk_sessions", "session", insert("session")),
    _broken("fk_sessions_user_id_users", "session", user_id=OTHER_ID),
    _broken("ck_sessions_generation_is_positive", "session", generation="0"),
    _broken("ck_sessions_expires_after_it_began", "session", expires_at="now()"),
    _broken("pk_login_attempts", "login_attempt", insert("login_attempt")),
    _broken("ck_login_attempts_attempts_are_not_negative", "login_attempt", attempts="-1"),
    _broken("pk_api_keys", "api_key", insert("api_key", id=ID), id=ID),
    _broken("fk_api_keys_user_id_users", "api_key", user_id=OTHER_ID),
    _broken("ck_api_keys_name_is_1_to_255_characters", "api_key", name="''"),
    _broken("ck_api_keys_name_is_1_to_255_characters", "api_key", name="repeat('é', 256)"),
    _broken("ck_api_keys_secret_hash_is_32_bytes", "api_key", secret_hash=f"substr({HASH}, 2)"),
    _broken("ck_api_keys_queue_globs_are_at_most_100", "api_key", queue_globs="array_fill('q*'::text, array[101])"),
    _broken("scopes_are_known", "api_key", scopes="'{jobs:read,root}'"),
    _broken("scopes_are_known", "api_key", scopes="array[null]::text[]"),
    _broken("pk_audit_log", "audit", insert("audit", id=ID), id=ID),
    _broken("ck_audit_log_actor_is_named", "audit", user_id=ID),
    _broken("ck_audit_log_actor_is_named", "audit", actor="'user'"),
    _broken("ck_audit_log_actor_is_named", "audit", actor="'key'", user_id=ID),
    _broken("ck_audit_log_actor_is_named", "audit", actor="'user'", user_id=ID, key_id=ID),
    _broken("facts_are_at_most_64_kib", "audit", after=_json('{"a": "%"}', 65_537)),
    _broken("pk_bulk_operations", "bulk", insert("bulk", id=ID), id=ID),
    _broken("filter_is_at_most_256_kib", "bulk", filter=_json('{"a": "%"}', 262_145)),
    _broken("ck_bulk_operations_queue_only_of_a_move", "bulk", queue="'q'"),
    _broken("ck_bulk_operations_queue_only_of_a_move", "bulk", action="'move'"),
    _broken("ck_bulk_operations_reason_only_of_a_cancel", "bulk", reason="'why'"),
    _broken(
        "ck_bulk_operations_reason_is_at_most_1000_characters", "bulk", action="'cancel'", reason="repeat('é', 1001)"
    ),
    _broken("ck_bulk_operations_expected_is_not_negative", "bulk", expected="-1"),
    _broken("ck_bulk_operations_counts_are_not_negative", "bulk", done="-1", skipped="1"),
    _broken("ck_bulk_operations_counts_are_not_negative", "bulk", skipped="-1", failed="1"),
    _broken("ck_bulk_operations_counts_are_not_negative", "bulk", failed="-1", done="1"),
    _broken("ck_bulk_operations_matched_is_the_sum", "bulk", matched="1"),
    _broken("ck_bulk_operations_cursor_is_whole", "bulk", cursor_id=ID),
    _broken("ck_bulk_operations_key_only_with_its_owner", "bulk", key_id=ID),
    _broken("ck_bulk_operations_revision_is_not_negative", "bulk", revision="-1"),
    _broken("ck_bulk_operations_failed_means_a_failure", "bulk", status="'failed'", finished_at="now()"),
    _broken("ck_bulk_operations_failed_means_a_failure", "bulk", failure="'why'"),
    _broken(
        "ck_bulk_operations_failure_is_at_most_1000_characters",
        "bulk",
        status="'failed'",
        finished_at="now()",
        failure="repeat('é', 1001)",
    ),
    _broken("ck_bulk_operations_ended_means_finished_at", "bulk", status="'finished'"),
    _broken("ck_bulk_operations_ended_means_finished_at", "bulk", finished_at="now()"),
    _broken("pk_idempotency_keys", "idempotency_key", insert("idempotency_key")),
    _broken("ck_idempotency_keys_principal_is_1_to_255_bytes", "idempotency_key", principal="''"),
    _broken("ck_idempotency_keys_principal_is_1_to_255_bytes", "idempotency_key", principal="repeat('p', 256)"),
    _broken("ck_idempotency_keys_request_hash_is_1_to_64_bytes", "idempotency_key", request_hash="''"),
    _broken(
        "ck_idempotency_keys_request_hash_is_1_to_64_bytes", "idempotency_key", request_hash=f"{HASH} || {HASH} || '0'"
    ),
    _broken(
        "ck_idempotency_keys_answer_is_at_most_64_mib",
        "idempotency_key",
        answer="convert_to(repeat('a', 67108865), 'UTF8')",
    ),
    _broken("pk_cadences", "cadence", insert("cadence")),
    _broken("pk_queues", "queue", insert("queue")),
    _broken("ck_queues_default_max_retries_is_0_to_1000", "queue", default_max_retries="1001"),
    _broken("ck_queues_default_max_retries_is_0_to_1000", "queue", default_max_retries="-1"),
    _broken("ck_queues_default_timeout_is_a_tenth_of_a_second_to_a_day", "queue", default_timeout_s="0"),
    _broken("ck_queues_default_timeout_is_a_tenth_of_a_second_to_a_day", "queue", default_timeout_s="'nan'"),
    _broken("ck_queues_revision_is_not_negative", "queue", revision="-1"),
    _broken("on_dead_names_its_task_within_64_kib", "queue", on_dead="'{}'"),
    _broken("on_dead_names_its_task_within_64_kib", "task", on_dead="""'{"task": 1}'"""),
    _broken("on_dead_names_its_task_within_64_kib", "task", on_dead=_json('{"task": "a", "payload": "%"}', 65_538)),
    _broken("pk_dead_letter_changes", "dead_letter_change", insert("dead_letter_change", id="1"), id="1"),
    _broken("ck_dead_letter_changes_change_is_not_0", "dead_letter_change", change="0"),
    _broken(
        "ck_dead_letter_changes_fingerprint_is_1_to_255_characters",
        "dead_letter_change",
        fingerprint="repeat('f', 256)",
    ),
    _broken("pk_dead_letter_groups", "dead_letter_group", insert("dead_letter_group", id="1"), id="1", task="'b'"),
    _broken("ck_dead_letter_groups_fingerprint_is_1_to_255_characters", "dead_letter_group", fingerprint="''"),
    _broken("uq_dead_letter_groups_key", "dead_letter_group", insert("dead_letter_group")),
]
WITHIN = [
    ("api_key", {"former_hash": HASH, "former_until": "now()", "revision": "1"}),
    ("login_attempt", {"attempts": "0"}),
    ("queued", {"priority": "0", "max_retries": "1000", "retry_count": "1000", "timeout_s": "0.1"}),
    ("queued", {"priority": "9", "max_retries": "0", "timeout_s": "86400", "run_at": "'9998-12-31'"}),
    (
        "queued",
        {"payload": _json('{"a": "%"}', MIB), "task": "repeat('_', 128)", "concurrency_key": "repeat('k', 255)"},
    ),
    ("queued", {"tags": "array_fill(repeat('é', 64), array[20])", "worker_id": WORKER, "error": AN_ERROR}),
    ("queued", {"backoff": """'{"kind": "exponential", "base_s": 0.5, "factor": 2, "cap_s": 60, "jitter": 1}'"""}),
    ("queued", {"unique_key": "repeat('k', 255)", "unique_while": "'queued'", "unique_slot": "repeat('k', 292)"}),
    ("running", {"unique_key": "'k'", "unique_while": "'active'", "unique_slot": "'-:k'"}),
    ("running", {"cancel_requested_at": "now()", "cancel_reason": "'why'", "progress": _json('"%"', 65_536)}),
    ("succeeded", {"cancel_requested_at": "now()", "cancel_reason": "'why'", "result": _json('"%"', MIB)}),
    ("cancelled", {"cancel_reason": "'expired'", "worker_id": "null", "attempt": "0", "lease_token": "0"}),
    (
        "dead",
        {"error": _json('{"type": "E", "traceback": "%"}', 262_144), "unique_key": "'k'", "unique_while": "'active'"},
    ),
    ("attempt", {"outcome": "'succeeded'", "error": "null"}),
    ("user", {"email": "'dev@localhost'", "password_hash": "repeat('h', 60)"}),
    ("api_key", {"scopes": "'{}'", "queue_globs": "'{mail*}'"}),
    ("queue", {"default_max_retries": "1000", "default_timeout_s": "0.1", "on_dead": """'{"task": "a"}'"""}),
    ("dead_letter_change", {"change": "-5", "fingerprint": "repeat('f', 255)"}),
    ("dead_letter_group", {"jobs": "-1", "user_id": ID}),
]
