"""Settling: a set of decisions written under their fences, and an answer for each."""

from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager, nullcontext
from typing import Any, TypeAlias

import psycopg
from psycopg import AsyncConnection

from ...application.ports.jobs import SettleAnswer, Settled
from ...domain.settlement import Settlement
from ...domain.status import JobStatus
from ...domain.transitions import Event
from .children import bear
from .engine import is_unavailable
from .errors import UNSTORABLE
from .rows import error_document
from .statements import LOOK_BACK, SETTLE, SUCCEED

Connection: TypeAlias = AsyncConnection[Any]
Key: TypeAlias = tuple[int, int]
"""A fence as numbers, which sort and hash many times faster than ids."""


async def settle(connection: Connection, settlements: Sequence[Settlement]) -> list[Settled]:
    """Write a set of settlements as one; where one of them cannot be stored, each by itself."""
    try:
        return await settle_within(connection, settlements)
    except UNSTORABLE:
        if len(settlements) == 1:
            return [Settled(settlements[0].fence, SettleAnswer.UNSTORABLE, JobStatus.RUNNING)]
        return [answer for settlement in settlements for answer in await settle(connection, [settlement])]


async def settle_apart(connection: Connection, settlements: Sequence[Settlement]) -> list[Settled]:
    """Write a set inside a transaction; where that fails, each by itself, passing over what cannot be written."""
    try:
        async with connection.transaction():
            return await settle_within(connection, settlements)
    except (psycopg.Error, UnicodeError) as error:
        if connection.closed or is_unavailable(error):
            raise
        if len(settlements) == 1:
            return []
        return [answer for settlement in settlements for answer in await settle_apart(connection, [settlement])]


async def settle_within(connection: Connection, settlements: Sequence[Settlement]) -> list[Settled]:
    """Write a set of settlements; a part of the transaction under way, if there is one."""
    rounds = _rounds([settlement.fence.job_id.int for settlement in settlements])
    answers: dict[int, Settled] = {}
    at_once = len(rounds) <= 1 and not any(settlement.children for settlement in settlements)
    whole: AbstractAsyncContextManager[object] = nullcontext() if at_once else connection.transaction()
    async with whole:
        for places in rounds:
            told = await _settle_once_each(connection, [settlements[place] for place in places])
            answers.update(zip(places, told, strict=True))
    return [answers[place] for place in range(len(settlements))]


def _key(settlement: Settlement) -> Key:
    return settlement.fence.job_id.int, settlement.fence.token


def _rounds(jobs: Sequence[int]) -> list[list[int]]:
    """Return the places in rounds in which no job comes twice, so that a set means what its elements mean in turn."""
    rounds: list[list[int]] = []
    turns: dict[int, int] = {}
    for place, job in enumerate(jobs):
        turn = turns[job] = turns.get(job, -1) + 1
        if turn == len(rounds):
            rounds.append([])
        rounds[turn].append(place)
    return rounds


async def _settle_once_each(connection: Connection, settlements: Sequence[Settlement]) -> list[Settled]:
    """Write settlements of which no two are of the same job."""
    applied = await _write(connection, settlements)
    parents = [settlement for settlement in settlements if settlement.children and _key(settlement) in applied]
    if parents:
        await bear(connection, parents)
    closed = [settlement for settlement in settlements if _key(settlement) not in applied]
    refused = await _look_back(connection, closed) if closed else {}
    return [
        refused.get(_key(settlement)) or Settled(settlement.fence, SettleAnswer.APPLIED, settlement.status)
        for settlement in settlements
    ]


async def _write(connection: Connection, settlements: Sequence[Settlement]) -> set[Key]:
    """Write those whose fence holds; return which. Sorted, so that two sets do not wait for each other in a ring."""
    ordered = sorted(settlements, key=_key)
    lean = all(settlement.event is Event.SUCCEED for settlement in settlements)
    facts = _columns(ordered) if lean else _columns(ordered) | _wide_columns(ordered)
    cursor = connection.cursor(binary=True)
    await cursor.execute(SUCCEED if lean else SETTLE, facts)
    if cursor.rowcount == len(settlements):
        return {_key(settlement) for settlement in settlements}
    return {(job_id.int, token) for job_id, token in await cursor.fetchall()}


async def _look_back(connection: Connection, settlements: Sequence[Settlement]) -> dict[Key, Settled]:
    """Tell why settlements were not applied."""
    cursor = connection.cursor(binary=True)
    await cursor.execute(LOOK_BACK, _fences(settlements))
    found = zip(settlements, await cursor.fetchall(), strict=True)
    return {_key(settlement): _refused(settlement, *row) for settlement, row in found}


def _refused(settlement: Settlement, status: str | None, to_be_cancelled: bool | None, outcome: str | None) -> Settled:  # noqa: FBT001
    answer = SettleAnswer.LEASE_LOST
    if to_be_cancelled:
        answer = SettleAnswer.CANCEL_REQUESTED
    elif outcome == settlement.outcome:
        answer = SettleAnswer.REPEATED
    return Settled(settlement.fence, answer, None if status is None else JobStatus(status))


def _fences(settlements: Sequence[Settlement]) -> dict[str, Any]:
    return {
        "count": len(settlements),
        "ids": [settlement.fence.job_id for settlement in settlements],
        "tokens": [settlement.fence.token for settlement in settlements],
    }


def _columns(settlements: Sequence[Settlement]) -> dict[str, Any]:
    return _fences(settlements) | {
        "results": [None if told.result is None else told.result.decode() for told in settlements],
        "ran": [told.ran for told in settlements],
    }


def _wide_columns(settlements: Sequence[Settlement]) -> dict[str, Any]:
    return {
        "statuses": [told.status.value for told in settlements],
        "outcomes": [told.outcome.value for told in settlements],
        "delays": [None if told.status.ended else told.delay for told in settlements],
        "retry_counts": [told.retry_count for told in settlements],
        "lapse_counts": [told.lapse_count for told in settlements],
        "errors": [error_document(told.error) for told in settlements],
        "unless_cancelled": [told.unless_cancelled for told in settlements],
    }
