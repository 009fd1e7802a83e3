"""The tables of people: users, their keys, who is logged in, and how often passwords were tried."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, Text, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from ...domain.access import Role
from ...domain.ids import UUID
from . import columns as kind
from .mapping import NOW, Model, rule


class UserRow(Model):
    """A person who owns jobs and keys. E-mail addresses that differ only in case are the same person's."""

    __tablename__ = "users"

    id: Mapped[UUID] = mapped_column(primary_key=True, server_default=kind.UUID7)
    email: Mapped[str]
    role: Mapped[Role] = mapped_column(kind.ROLE, server_default=Role.MEMBER)
    password_hash: Mapped[str | None]
    disabled_at: Mapped[datetime | None]
    created_at: Mapped[datetime] = mapped_column(server_default=NOW)
    revision: Mapped[int] = mapped_column(server_default=text("0"))

    __table_args__ = (
        rule(
            "email_is_an_address_of_at_most_320_characters",
            r"char_length(email) <= 320 and email ~ '^[^@\s]+@[^@\s]+$'",
        ),
        rule("password_hash_is_1_to_255_bytes", "octet_length(password_hash) between 1 and 255"),
        rule("revision_is_not_negative", "revision >= 0"),
        Index("uq_users_email", text("lower(email)"), unique=True),
    )


class ApiKeyRow(Model):
    """A machine's key, of which only the SHA-256 of the secret is kept."""

    __tablename__ = "api_keys"

    id: Mapped[UUID] = mapped_column(primary_key=True, server_default=kind.UUID7)
    user_id: Mapped[UUID] = mapped_column(ForeignKey(UserRow.id), index=True)
    name: Mapped[str]
    secret_hash: Mapped[bytes]
    scopes: Mapped[list[str]] = mapped_column(kind.SCOPES)
    queue_globs: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default="{}")
    expires_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]
    last_used_at: Mapped[datetime | None]
    created_at: Mapped[datetime] = mapped_column(server_default=NOW)
    revision: Mapped[int] = mapped_column(server_default=text("0"))
    former_hash: Mapped[bytes | None]
    former_until: Mapped[datetime | None]

    __table_args__ = (
        rule("name_is_1_to_255_characters", "char_length(name) between 1 and 255"),
        rule("secret_hash_is_32_bytes", "octet_length(secret_hash) = 32"),
        rule("queue_globs_are_at_most_100", "cardinality(queue_globs) <= 100"),
        rule("revision_is_not_negative", "revision >= 0"),
        rule("former_secret_is_whole", "(former_hash is null) = (former_until is null)"),
        rule("former_hash_is_32_bytes", "octet_length(former_hash) = 32"),
    )


class SessionRow(Model):
    """One login of a person. It holds no secret: a refresh token is signed, and names session and generation."""

    __tablename__ = "sessions"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    user_id: Mapped[UUID] = mapped_column(ForeignKey(f"{kind.SCHEMA}.users.id"), index=True)
    generation: Mapped[int] = mapped_column(server_default=text("1"))
    created_at: Mapped[datetime] = mapped_column(server_default=NOW)
    rotated_at: Mapped[datetime] = mapped_column(server_default=NOW)
    expires_at: Mapped[datetime] = mapped_column(index=True)
    revoked_at: Mapped[datetime | None]

    __table_args__ = (
        rule("generation_is_positive", "generation > 0"),
        rule("expires_after_it_began", "expires_at > created_at"),
    )


class LoginAttemptRow(Model):
    """How often a subject (an account's hash, an address) was tried since the window began."""

    __tablename__ = "login_attempts"

    subject: Mapped[str] = mapped_column(kind.KEY, primary_key=True)
    attempts: Mapped[int] = mapped_column(server_default=text("1"))
    began_at: Mapped[datetime] = mapped_column(server_default=NOW, index=True)

    __table_args__ = (rule("attempts_are_not_negative", "attempts >= 0"),)
