"""Answers given before, in PostgreSQL."""

from datetime import timedelta
from hashlib import blake2b

import attrs
from sqlalchemy import Select, delete, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from ...application.ports.idempotency import Fresh, IdempotencyKey, Replay, Reservation
from ...domain.errors import IdempotencyInFlight, IdempotencyKeyReused
from ...domain.ids import Json
from .errors import translated
from .models import IdempotencyKeyRow

KEPT = timedelta(hours=24)


@attrs.frozen
class PostgresIdempotencyKeys:
    """An `IdempotencyKeys` in a session's transaction; the key is locked until the transaction ends."""

    _session: AsyncSession
    _kept: timedelta = KEPT

    async def reserve(self, key: IdempotencyKey) -> Reservation:
        """Take the key, or return the earlier answer.

        The lock is a statement of its own: one that locked and looked would look with the eyes it had before the
        other transaction, which let go of the lock, had committed.
        """
        with translated():
            if not await self._session.scalar(select(func.pg_try_advisory_xact_lock(lock_of(key)))):
                raise IdempotencyInFlight("the first request with this idempotency key has not ended yet")
            found = (await self._session.execute(_answer(key))).one_or_none()
        if found is None:
            return Fresh()
        request_hash, answer = found
        if request_hash != key.request_hash:
            raise IdempotencyKeyReused("this idempotency key was used for a different request")
        return Replay(answer)

    async def remember(self, key: IdempotencyKey, answer: Json) -> None:
        """Keep the answer with the unit's other writes; one that is past its time makes room."""
        facts = {
            "request_hash": key.request_hash,
            "answer": answer,
            "created_at": func.now(),
            "expires_at": func.now() + self._kept,
        }
        adding = insert(IdempotencyKeyRow).values(principal=key.principal, key=key.key, **facts)
        names = [IdempotencyKeyRow.principal, IdempotencyKeyRow.key]
        with translated():
            await self._session.execute(adding.on_conflict_do_update(index_elements=names, set_=facts))

    async def forget(self, limit: int) -> int:
        """Drop at most `limit` answers that are past their time, the oldest first."""
        row = IdempotencyKeyRow
        past = (
            select(row.principal, row.key)
            .where(row.expires_at <= func.now())
            .order_by(row.expires_at)
            .limit(limit)
            .with_for_update(skip_locked=True)
            .cte("past")
        )
        dropping = delete(row).where(row.principal == past.c.principal, row.key == past.c.key).returning(row.key)
        with translated():
            return len((await self._session.execute(dropping)).all())


def _answer(key: IdempotencyKey) -> Select[bytes, bytes]:
    row = IdempotencyKeyRow
    return select(row.request_hash, row.answer).where(
        row.principal == key.principal, row.key == key.key, row.expires_at > func.now()
    )


def lock_of(key: IdempotencyKey) -> int:
    """Return the number that stands for the key among advisory locks; two keys share one by a chance of 2⁻⁶⁴."""
    name = f"{key.principal}\x00{key.key}".encode()
    return int.from_bytes(blake2b(name, digest_size=8, person=b"equeue-idem").digest(), signed=True)
