"""JSON Merge Patch (RFC 7396) on documents as they are: what is not touched keeps its every digit."""

import msgspec

_MEMBERS = msgspec.json.Decoder(dict[str, msgspec.Raw])
_NULL = b"null"


def merge(target: bytes, patch: bytes) -> bytes:
    """Return `target` with the members of `patch` put in, and without those that are `null` there.

    Both are JSON, and `patch` is no deeper than a body may be.
    """
    given = bytes(patch).strip()
    if not given.startswith(b"{"):
        return given
    members = _members(target)
    for name, value in _MEMBERS.decode(given).items():
        if bytes(value).strip() == _NULL:
            members.pop(name, None)
        else:
            members[name] = msgspec.Raw(merge(bytes(members.get(name, b"")), bytes(value)))
    return msgspec.json.encode(members)


def _members(document: bytes) -> dict[str, msgspec.Raw]:
    return _MEMBERS.decode(document) if document.strip().startswith(b"{") else {}
