"""Answers given before, in memory."""

from itertools import islice

import attrs

from ...application.ports.idempotency import Fresh, IdempotencyKey, Replay, Reservation
from ...domain.errors import IdempotencyInFlight, IdempotencyKeyReused
from ...domain.ids import Json
from .store import ANSWERS_KEPT, Answer, Transaction


@attrs.frozen
class MemoryIdempotencyKeys:
    """An `IdempotencyKeys` on a transaction in memory."""

    _transaction: Transaction

    async def reserve(self, key: IdempotencyKey) -> Reservation:
        """Take the key, or return the earlier answer."""
        if not self._transaction.try_hold(("idempotency", key.principal, key.key)):
            raise IdempotencyInFlight("the first request with this idempotency key has not ended yet")
        answer = self._transaction.answers.get((key.principal, key.key))
        if answer is None or self._is_past(answer):
            return Fresh()
        if answer.request_hash != key.request_hash:
            raise IdempotencyKeyReused("this idempotency key was used for a different request")
        return Replay(answer.answer)

    async def remember(self, key: IdempotencyKey, answer: Json) -> None:
        """Keep the answer with the unit's other writes."""
        kept = Answer(key.request_hash, answer, self._transaction.now)
        self._transaction.answers[key.principal, key.key] = kept

    async def forget(self, limit: int) -> int:
        """Drop at most `limit` answers that are past their time."""
        answers = self._transaction.answers
        past = [name for name, answer in answers.items() if answer and self._is_past(answer)]
        dropped = list(islice(past, limit))
        answers.update(dict.fromkeys(dropped))
        return len(dropped)

    def _is_past(self, answer: Answer) -> bool:
        return answer.created_at + ANSWERS_KEPT <= self._transaction.now
