"""Sessions of people: each is a family of refresh tokens of which only the newest is good, once."""

from datetime import datetime, timedelta
from enum import StrEnum

import attrs

from .ids import UUID, UserId

ACCESS_LASTS = timedelta(minutes=15)
"""How long an access token is good."""

GRACE = timedelta(seconds=10)
"""So long the token before the newest still leads to the newest: two tabs do not sign each other out."""


class Presented(StrEnum):
    """What a refresh token that is presented means."""

    NEWEST = "newest"
    """It is exchanged for its successor."""
    JUST_USED = "just-used"
    """Another tab was quicker: it gets the same successor."""
    OVER = "over"
    """The session has ended; nothing changes."""
    REUSED = "reused"
    """Somebody else holds a copy: the session has to end."""


@attrs.frozen
class Session:
    """One login of a person. `generation` counts the refresh tokens given, the newest included."""

    id: UUID
    user_id: UserId
    generation: int
    created_at: datetime
    rotated_at: datetime
    expires_at: datetime
    revoked: bool = False

    def lives(self, now: datetime) -> bool:
        """Tell whether the session goes on."""
        return not self.revoked and now < self.expires_at

    def judge(self, generation: int, now: datetime) -> Presented:
        """Return what it means that the refresh token of `generation` is presented."""
        if not self.lives(now):
            return Presented.OVER
        if generation == self.generation:
            return Presented.NEWEST
        if generation == self.generation - 1 and now - self.rotated_at <= GRACE:
            return Presented.JUST_USED
        return Presented.REUSED

    def rotated(self, now: datetime) -> "Session":
        """Return the session with one more refresh token."""
        return attrs.evolve(self, generation=self.generation + 1, rotated_at=now)

    def ended(self) -> "Session":
        """Return the session with none of its tokens good any more."""
        return attrs.evolve(self, revoked=True)
