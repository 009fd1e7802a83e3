"""What is refused about people, their keys and their sessions, and why."""

from datetime import timedelta

from .errors import DomainError, InvalidJob


class InvalidUser(InvalidJob):
    """What was sent makes no valid person; `violations` name the fields."""

    code = "invalid-user"


class InvalidApiKey(InvalidJob):
    """What was sent makes no valid key; `violations` name the fields."""

    code = "invalid-api-key"


class UserNotFound(DomainError):
    """There is no such person."""

    code = "not-found"

    def __init__(self) -> None:
        super().__init__("there is no such person")


class ApiKeyNotFound(DomainError):
    """There is no such key, or it is not yours to see."""

    code = "not-found"

    def __init__(self) -> None:
        super().__init__("there is no such key, or it is not yours to see")


class StaleAccount(DomainError):
    """The person or key changed since you read it; read it again and repeat the edit."""

    code = "stale"

    def __init__(self) -> None:
        super().__init__("it changed since it was read")


class EmailTaken(DomainError):
    """Somebody has this e-mail address already; change that person, or take another address."""

    code = "email-taken"

    def __init__(self) -> None:
        super().__init__("somebody has this e-mail address already")


class LastAdmin(DomainError):
    """Without this person nobody could manage people and keys; make somebody else an admin first."""

    code = "last-admin"

    def __init__(self) -> None:
        super().__init__("this is the last admin; make somebody else an admin first")


class RevokedApiKey(DomainError):
    """A revoked key stays revoked; make a new one."""

    code = "key-revoked"

    def __init__(self) -> None:
        super().__init__("the key is revoked; make a new one")


class BadCredentials(DomainError):
    """E-mail or password is wrong, or the person is disabled or has no password. Which, is not told."""

    code = "bad-credentials"

    def __init__(self) -> None:
        super().__init__("the e-mail or the password is wrong")


class SessionOver(DomainError):
    """The session has ended, or its refresh token was used before. Log in again."""

    code = "session-over"

    def __init__(self) -> None:
        super().__init__("the session is over; log in again")


class TooManyLogins(DomainError):
    """Too many passwords were tried for this account or from this address; wait as long as `wait` says."""

    code = "too-many-requests"

    def __init__(self, wait: timedelta, limit: int, window: timedelta) -> None:
        super().__init__("too many passwords were tried; wait, then try again")
        self.wait = wait
        self.limit = limit
        self.window = window
