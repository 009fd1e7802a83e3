"""Sessions of people: begun, carried on by refresh tokens of which each is good once, ended."""

from datetime import timedelta

import attrs

from ..domain.account_errors import SessionOver
from ..domain.audit import SYSTEM, Act
from ..domain.sessions import ACCESS_LASTS, Presented, Session
from .ports.accounts import User
from .ports.credentials import AccessClaims, AccessTokens, RefreshClaims, RefreshTokens
from .ports.platform import Clock, Ids
from .ports.unit_of_work import UnitOfWork, UnitsOfWork

SESSION_LASTS = timedelta(hours=12)
PASS_ROWS = 1_000


@attrs.frozen
class Tokens:
    """What a person's client needs to go on: the access token, and the refresh token that leads to the next."""

    access: str = attrs.field(repr=False)
    expires_in: timedelta
    refresh: str = attrs.field(repr=False)
    refresh_expires_in: timedelta


@attrs.frozen
class WriteTokens:
    """Write the tokens of a session that lives."""

    access: AccessTokens
    refresh: RefreshTokens
    clock: Clock
    ids: Ids

    def __call__(self, session: Session) -> Tokens:
        """Return the newest refresh token and a fresh access token, which does not outlive the session."""
        now = self.clock.now()
        left = max(session.expires_at - now, timedelta())
        lasts = min(ACCESS_LASTS, left)
        claims = AccessClaims(session.user_id, session.id, self.ids.new(), now, now + lasts)
        newest = RefreshClaims(session.id, session.generation)
        return Tokens(self.access.write(claims), lasts, self.refresh.write(newest), left)


@attrs.frozen
class OpenSession:
    """Begin a session for somebody whose password was checked."""

    units_of_work: UnitsOfWork
    ids: Ids
    write: WriteTokens
    lasts: timedelta = SESSION_LASTS

    async def __call__(self, user: User) -> Tokens:
        """Return the first tokens of a new session."""
        async with self.units_of_work() as unit:
            session = await unit.sessions.open(self.ids.new(), user.id, self.lasts)
            await unit.commit()
        return self.write(session)


@attrs.frozen
class CarryOn:
    """Exchange a refresh token for the next one and an access token, or end the session."""

    units_of_work: UnitsOfWork
    tokens: RefreshTokens
    write: WriteTokens

    async def refresh(self, text: str) -> Tokens:
        """Return the next tokens; raise `SessionOver` for a token that is none, or of a session that is over.

        A token that was used before ends its session, for two now hold copies of it, and only one of them rightly.
        """
        claims = self.tokens.read(text)
        if claims is None:
            raise SessionOver
        async with self.units_of_work() as unit:
            session = await _carried_on(unit, claims)
            await unit.commit()
        if session is None:
            raise SessionOver
        return self.write(session)

    async def end(self, text: str) -> None:
        """End the session of a refresh token, whichever of its tokens that is; nothing happens if it is none."""
        claims = self.tokens.read(text)
        if claims is None:
            return
        async with self.units_of_work() as unit:
            stored = await unit.sessions.hold(claims.session_id)
            if stored is not None:
                await unit.sessions.put(stored.session.ended())
                await unit.commit()


async def _carried_on(unit: UnitOfWork, claims: RefreshClaims) -> Session | None:
    stored = await unit.sessions.hold(claims.session_id)
    if stored is None or stored.user.disabled:
        return None
    session, now = stored.session, await unit.now()
    match session.judge(claims.generation, now):
        case Presented.NEWEST:
            session = session.rotated(now)
            await unit.sessions.put(session)
            return session
        case Presented.JUST_USED:
            return session
        case Presented.REUSED:
            await unit.sessions.put(session.ended())
            await unit.audit.record([_reuse(session, claims)])
            return None
        case Presented.OVER:
            return None


def _reuse(session: Session, claims: RefreshClaims) -> Act:
    return Act(
        actor=SYSTEM,
        action="session.revoke",
        target_kind="user",
        target_id=str(session.user_id),
        before={"generation": session.generation},
        after={"presented": claims.generation, "reason": "a refresh token was used twice"},
    )


@attrs.frozen
class ForgetSessions:
    """Drop sessions that are over, and counts of attempts that no longer matter."""

    units_of_work: UnitsOfWork
    window: timedelta

    async def run(self) -> bool:
        """Drop one set of each; tell whether more waits."""
        async with self.units_of_work() as unit:
            sessions = await unit.sessions.forget(PASS_ROWS)
            attempts = await unit.logins.forget(self.window, PASS_ROWS)
            await unit.commit()
        return PASS_ROWS in (sessions, attempts)
