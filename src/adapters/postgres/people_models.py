"""The tables of sessions: who is logged in, and how often passwords were tried."""

from datetime import datetime

from sqlalchemy import ForeignKey, text
from sqlalchemy.orm import Mapped, mapped_column

from ...domain.ids import UUID
from . import columns as kind
from .mapping import NOW, Model, rule


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
