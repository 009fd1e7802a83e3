"""Opens what hashes passwords and signs tokens, late: only the API and commands about people pay for its import."""

from ..application.ports.credentials import AccessTokens, Passwords, RefreshTokens
from ..application.ports.platform import Clock
from .settings import BadSetting, Settings


def open_passwords() -> Passwords:
    """Return what hashes passwords."""
    from ..adapters.security.passwords import BcryptPasswords  # noqa: PLC0415

    return BcryptPasswords()


def open_access_tokens(settings: Settings, clock: Clock) -> AccessTokens:
    """Return what writes and reads access tokens."""
    from ..adapters.security.tokens import JwtAccessTokens  # noqa: PLC0415

    return JwtAccessTokens(secret_keys(settings), clock)


def open_refresh_tokens(settings: Settings) -> RefreshTokens:
    """Return what writes and reads refresh tokens."""
    from ..adapters.security.tokens import SignedRefreshTokens  # noqa: PLC0415

    return SignedRefreshTokens(secret_keys(settings))


def secret_keys(settings: Settings) -> tuple[bytes, ...]:
    """Return what signs cursors and tokens; raise `BadSetting` if nobody said."""
    if not settings.secret_keys:
        raise BadSetting(
            "EQUEUE_SECRET_KEYS",
            "is missing",
            "Set it to at least 32 random characters, the same for every replica of the API, such as the output of: "
            "python3 -c 'import secrets; print(secrets.token_urlsafe(48))'",
        )
    return tuple(key.encode() for key in settings.secret_keys)
