"""What an installation may set: the only reader of the process's environment."""

import os
from collections.abc import Mapping
from datetime import timedelta
from ipaddress import IPv4Network, IPv6Network
from typing import Any, cast

import attrs
import environ
from environ.exceptions import MissingEnvValueError

from .readers import (
    Reader,
    Secret,
    Value,
    addresses,
    choice,
    flag,
    name,
    networks,
    optional,
    origins,
    queue_backend,
    seconds,
    secret,
    secrets,
    text,
    url,
    whole,
)
from .secret_files import Unreadable, from_files

PREFIX = "EQUEUE_"
DAY = 86_400
CENTURY = 36_525 * DAY
MEBIBYTE = 1024 * 1024


class BadSetting(Exception):
    """A setting cannot be used. The message names the variable, what is wrong, and what to do."""

    def __init__(self, name: str, problem: str, remedy: str) -> None:
        super().__init__(f"{name} {problem}. {remedy}")
        self.name = name
        self.problem = problem
        self.remedy = remedy


def _setting(name: str, default: str, read: Reader[Value], meaning: str) -> Any:
    """Declare one variable; its default is written as one would write it in the environment."""

    def convert(raw: str) -> Value:
        try:
            return read(raw)
        except ValueError as problem:
            raise BadSetting(PREFIX + name, str(problem), _remedy(PREFIX + name, default)) from None

    return environ.var(default=default, converter=convert, name=PREFIX + name, help=meaning)


def _remedy(name: str, default: str) -> str:
    return f"Set {name} to such a value, or leave it out (then it is {default or 'empty'})."


@environ.config(prefix="EQUEUE", frozen=True)
class Settings:
    """All settings, checked. Text that may hold a password is `Secret` and stays out of every `repr`."""

    database_url: Secret | None = _setting(
        "DATABASE_URL", "", url("postgresql", "postgres"), "The PostgreSQL database (15 or newer)."
    )
    direct_database_url: Secret | None = _setting(
        "DIRECT_DATABASE_URL",
        "",
        url("postgresql", "postgres"),
        "The same database past any transaction-mode pooler, for migrations and LISTEN; empty: the same URL.",
    )
    pooler: str = _setting(
        "POOLER", "none", choice("none", "transaction"), "What stands before the database: `none` or `transaction`."
    )
    queue_backend: str = _setting(
        "QUEUE_BACKEND",
        "postgres",
        queue_backend("postgres", "redis", "memory"),
        "What carries hints of new work: `postgres`, `redis`, or what a package brings; `memory` is for tests in one "
        "process. The same for the API and all workers.",
    )
    redis_url: Secret | None = _setting(
        "REDIS_URL",
        "",
        url("redis", "rediss", "unix", "redis+sentinel", "rediss+sentinel", "redis+cluster", "rediss+cluster"),
        "Where Redis (7 or newer) or Valkey is, for the queue backend `redis`.",
    )
    redis_prefix: str = _setting(
        "REDIS_PREFIX", "equeue", name, "What all names in Redis begin with; installations that share one differ in it."
    )
    secret_keys: tuple[Secret, ...] = _setting(
        "SECRET_KEYS",
        "",
        secrets,
        "What signs cursors and tokens: the current key, then previous ones; shared by all replicas.",
    )
    admin_email: str = _setting(
        "ADMIN_EMAIL", "", text, "The first admin's e-mail: made at the API's start if there is no admin yet."
    )
    admin_password: Secret | None = _setting(
        "ADMIN_PASSWORD", "", secret, "The first admin's password, 12 characters to 72 bytes; there is no default."
    )
    session: timedelta = _setting(
        "SESSION_S", "43200", seconds(300, 30 * DAY), "How long one can go on after a login without another."
    )
    secure_cookies: bool = _setting(
        "SECURE_COOKIES", "true", flag, "Send the refresh cookie over HTTPS only; off is for a developer's machine."
    )
    trusted_proxies: tuple[IPv4Network | IPv6Network, ...] = _setting(
        "TRUSTED_PROXIES",
        "",
        networks,
        "Addresses or networks of proxies whose `X-Forwarded-For` says where a login comes from; empty: nobody's.",
    )
    host: str = _setting(
        "HOST", "127.0.0.1", text, "The address on which the API, or a worker for its probes, listens."
    )
    port: int = _setting("PORT", "8000", whole(1, 65_535), "The port on which the API listens.")
    probe_port: int | None = _setting(
        "PROBE_PORT",
        "",
        optional(whole(1, 65_535)),
        "The port on which a worker answers probes and shows its metrics; empty: none.",
    )
    origins: frozenset[str] = _setting(
        "CORS_ORIGINS", "", origins, "Origins whose pages may call the API from a browser, with a key; empty: none."
    )
    lease: timedelta = _setting("LEASE_S", "30", seconds(1, 3_600), "How long a claim holds without a heartbeat.")
    chosen_heartbeat: timedelta | None = _setting(
        "HEARTBEAT_S",
        "",
        optional(seconds(0.1, 1_200)),
        "How often a worker renews its leases, at most half of a lease; empty: a third of it.",
    )
    poll: timedelta = _setting("POLL_S", "5", seconds(0.05, 300), "How often a worker looks for work unasked.")
    concurrency: int = _setting("CONCURRENCY", "20", whole(1, 10_000), "How many jobs one worker runs at a time.")
    drain_grace: timedelta = _setting(
        "DRAIN_GRACE_S", "30", seconds(0, 3_600), "How long running jobs may go on once a worker is told to stop."
    )
    cancel_grace: timedelta = _setting(
        "CANCEL_GRACE_S", "5", seconds(0, 600), "How long a handler may take to clean up once it is cancelled."
    )
    child_memory_bytes: int = _setting(
        "CHILD_MEMORY_BYTES",
        str(2 * 1024 * MEBIBYTE),
        whole(0, 2**50),
        "How much memory the child process of an isolated task may use; 0: no bound.",
    )
    task_timeout: timedelta = _setting(
        "TASK_TIMEOUT_S", "300", seconds(0.1, DAY), "The time limit of jobs for which neither task nor caller set one."
    )
    payload_bytes: int = _setting(
        "PAYLOAD_BYTES", str(MEBIBYTE), whole(1_024, MEBIBYTE), "The largest payload, as JSON."
    )
    keep_finished: timedelta = _setting(
        "KEEP_FINISHED_S",
        str(7 * DAY),
        seconds(0, CENTURY),
        "How long jobs that succeeded or were cancelled are kept; a queue may say otherwise.",
    )
    keep_dead: timedelta = _setting(
        "KEEP_DEAD_S", str(30 * DAY), seconds(0, CENTURY), "How long dead jobs are kept; a queue may say otherwise."
    )
    keep_results: timedelta | None = _setting(
        "KEEP_RESULTS_S",
        "",
        optional(seconds(0, CENTURY)),
        "How long results are kept; empty: as long as their jobs. A queue may say otherwise.",
    )
    keep_audit: timedelta = _setting(
        "KEEP_AUDIT_S", str(365 * DAY), seconds(DAY, CENTURY), "How long the audit log is kept."
    )
    keep_records: timedelta = _setting(
        "KEEP_RECORDS_S",
        str(90 * DAY),
        seconds(DAY, CENTURY),
        "How long bulk operations that are over, and the fire times of schedules, are kept.",
    )
    strict_tasks: bool = _setting(
        "STRICT_TASKS", "false", flag, "Refuse jobs for tasks that no worker has declared (422)."
    )
    http_allow: frozenset[str] = _setting(
        "HTTP_ALLOW", "", addresses, "`host:port` pairs that `http.request` may call although they are not public."
    )
    log_level: str = _setting(
        "LOG_LEVEL", "info", choice("debug", "info", "warning", "error"), "The least severe event that is logged."
    )
    log_format: str = _setting(
        "LOG_FORMAT", "auto", choice("auto", "console", "json"), "For people, for machines, or as the output goes."
    )
    traces: bool = _setting(
        "TRACES",
        "false",
        flag,
        "Send traces by OpenTelemetry (`equeue[otel]`); where to, `OTEL_EXPORTER_OTLP_ENDPOINT` says.",
    )
    url: str = _setting("URL", "http://127.0.0.1:8000", text, "Where the command line finds the API.")
    api_key: Secret | None = _setting("API_KEY", "", secret, "The key with which the command line calls the API.")
    state_dir: str = _setting("STATE_DIR", ".equeue", text, "Where `equeue dev` keeps its database, key and logs.")

    def __attrs_post_init__(self) -> None:
        if self.heartbeat * 2 > self.lease:
            raise BadSetting(
                "EQUEUE_HEARTBEAT_S",
                f"must be at most half of EQUEUE_LEASE_S ({self.lease.total_seconds():g})",
                "Make heartbeats more frequent or leases longer.",
            )
        if bool(self.admin_email) != bool(self.admin_password):
            given, missing = ("EMAIL", "PASSWORD") if self.admin_email else ("PASSWORD", "EMAIL")
            raise BadSetting(
                f"EQUEUE_ADMIN_{given}", f"needs EQUEUE_ADMIN_{missing} beside it", "Set both, or neither."
            )

    @property
    def heartbeat(self) -> timedelta:
        """How often a worker renews its leases."""
        return self.chosen_heartbeat or self.lease / 3


SECRET = tuple(
    f"{PREFIX}{name}"
    for name in ("DATABASE_URL", "DIRECT_DATABASE_URL", "REDIS_URL", "SECRET_KEYS", "ADMIN_PASSWORD", "API_KEY")
)
"""The variables that may hold a secret; each may be given as a file, named by the variable with `_FILE` behind it."""


def read_settings(environment: Mapping[str, str] | None = None, /, **overrides: str) -> Settings:
    """Return the settings of `environment` (by default the process's), each of `overrides` by its variable's name.

    Raises `BadSetting` for the first value that cannot be used.
    """
    given = dict(os.environ if environment is None else environment)
    try:
        filed = from_files(given, [name for name in SECRET if name not in overrides])
    except Unreadable as unreadable:
        raise BadSetting(unreadable.name, unreadable.why, "Name a file that holds the value, and it alone.") from None
    values = given | filed | overrides
    try:
        return environ.to_config(Settings, values)
    except MissingEnvValueError as missing:
        raise BadSetting(str(missing), "is missing", "Set it.") from None


def inherited(**overrides: str) -> dict[str, str]:
    """Return the process's environment for a child, with `overrides`."""
    return dict(os.environ) | overrides


@attrs.frozen
class Documented:
    """One variable as the reference page shows it."""

    name: str
    default: str
    meaning: str


def documented() -> list[Documented]:
    """Return every variable with its default and meaning, in the order of declaration."""
    fields = cast(type[attrs.AttrsInstance], Settings)  # what environ.config makes, unknown to mypy
    entries = [field.metadata["environ_config"] for field in attrs.fields(fields)]
    return [Documented(entry.name, entry.default, entry.help) for entry in entries]
