"""What the audit log is told of acts on people and keys: the facts that changed, and never a secret."""

from ..domain.audit import NO_FACTS, Act, Actor, Fact, Facts
from .ports.accounts import ApiKey, User

CHANGED = "changed"
"""All that is told of a password."""


def user_created(user: User, actor: Actor) -> Act:
    """Return the act of making a person."""
    return _on_user("user.create", user, NO_FACTS, _user(user), actor)


def user_changed(before: User, after: User, actor: Actor, *, password: bool) -> Act:
    """Return the act of changing a person, perhaps the password too."""
    was, now = _differing(_user(before), _user(after))
    return _on_user("user.change", after, was, now | ({"password": CHANGED} if password else {}), actor)


def key_created(key: ApiKey, actor: Actor) -> Act:
    """Return the act of making a key."""
    return _on_key("api-key.create", key, NO_FACTS, _key(key), actor)


def key_changed(before: ApiKey, after: ApiKey, actor: Actor) -> Act:
    """Return the act of changing or revoking a key."""
    action = "api-key.revoke" if after.revoked and not before.revoked else "api-key.change"
    was, now = _differing(_key(before), _key(after))
    return _on_key(action, after, was, now, actor)


def key_rotated(before: ApiKey, after: ApiKey, actor: Actor) -> Act:
    """Return the act of giving a key another secret."""
    return _on_key("api-key.rotate", after, _former(before), _former(after), actor)


def _user(user: User) -> dict[str, Fact]:
    return {"email": user.email, "role": user.role, "disabled": user.disabled}


def _key(key: ApiKey) -> dict[str, Fact]:
    return {
        "name": key.name,
        "owner": str(key.user.id),
        "scopes": sorted(key.scopes),
        "queues": list(key.queue_globs),
        "expires_at": key.expires_at,
        "revoked": key.revoked,
    }


def _former(key: ApiKey) -> dict[str, Fact]:
    return {"former_secret_until": None if key.former is None else key.former.until}


def _differing(before: dict[str, Fact], after: dict[str, Fact]) -> tuple[dict[str, Fact], dict[str, Fact]]:
    names = [name for name in before if before[name] != after[name]]
    return {name: before[name] for name in names}, {name: after[name] for name in names}


def _on_user(action: str, user: User, before: Facts, after: Facts, actor: Actor) -> Act:
    return Act(actor=actor, action=action, target_kind="user", target_id=str(user.id), before=before, after=after)


def _on_key(action: str, key: ApiKey, before: Facts, after: Facts, actor: Actor) -> Act:
    return Act(actor=actor, action=action, target_kind="api-key", target_id=str(key.id), before=before, after=after)
