"""The tokens of people: what we wrote is read back, and nothing else is."""

import base64
import hashlib
import hmac
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.builders import OWNER, a_birth, minutes, seconds

from equeue.adapters.memory.platform import START, MovableClock
from equeue.adapters.security.tokens import AUDIENCE, ISSUER, SKEW, JwtAccessTokens, SignedRefreshTokens, derived
from equeue.application.ports.credentials import AccessClaims, RefreshClaims

KEYS = (b"k" * 32, b"older" * 8)
CLOCK = MovableClock()
TOKENS, REFRESH = JwtAccessTokens(KEYS, CLOCK), SignedRefreshTokens(KEYS)
CLAIMS = AccessClaims(OWNER, a_birth().job_id, a_birth().job_id, START, START + minutes(15))
SIGNING = derived(KEYS, b"equeue access token 1")[0]
SAID = {
    "iss": ISSUER,
    "aud": AUDIENCE,
    "sub": str(CLAIMS.user_id),
    "sid": str(CLAIMS.session_id),
    "jti": str(CLAIMS.token_id),
    "iat": int(START.timestamp()),
    "exp": int(START.timestamp()) + 900,
}
HEADER = {"typ": "at+jwt", "alg": "HS256"}


def text(raw: bytes) -> str:
    """Return base64url without padding."""
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def forged(header: Any = None, claims: Any = None, key: bytes = SIGNING, digest: str = "sha256") -> str:
    """Return a token made by hand, rightly signed unless told otherwise."""
    parts = [HEADER if header is None else header, SAID if claims is None else claims]
    signed = ".".join(text(json.dumps(part).encode()) for part in parts)
    return f"{signed}.{text(hmac.digest(key, signed.encode(), digest))}"


def without(*names: str) -> dict[str, Any]:
    """Return the claims but for some."""
    return {name: value for name, value in SAID.items() if name not in names}


def test_what_was_written_is_read_back() -> None:
    """By any replica with the same keys; a token made by hand in the same way is the same to us."""
    assert TOKENS.read(TOKENS.write(CLAIMS)) == CLAIMS
    assert TOKENS.read(forged()) == CLAIMS


def test_a_previous_key_is_good_for_reading() -> None:
    """So that keys can be rotated; one that was taken out is not."""
    before = JwtAccessTokens(KEYS[1:], CLOCK)
    assert TOKENS.read(before.write(CLAIMS)) == CLAIMS
    assert before.read(TOKENS.write(CLAIMS)) is None


def test_a_token_is_good_until_it_expires() -> None:
    """Its end is an instant; a replica's clock may be a minute ahead, not more."""
    clock = MovableClock()
    tokens, written = JwtAccessTokens(KEYS, clock), TOKENS.write(CLAIMS)
    for move, good in ((minutes(15) - seconds(1), True), (seconds(1), False), (-minutes(15) - SKEW, True)):
        clock.move(move)
        assert (tokens.read(written) is not None) is good
    clock.move(-seconds(1))
    assert tokens.read(written) is None


NOW = int(START.timestamp())
FORGERIES = {
    "none": forged({"typ": "at+jwt", "alg": "none"}).rpartition(".")[0] + ".",
    "nOnE": forged({"typ": "at+jwt", "alg": "nOnE"}).rpartition(".")[0] + ".",
    "none but signed": forged({"typ": "at+jwt", "alg": "none"}),
    "no algorithm": forged({"typ": "at+jwt"}),
    "another algorithm": forged({"typ": "at+jwt", "alg": "HS512"}, digest="sha512"),
    "another type": forged({"typ": "JWT", "alg": "HS256"}),
    "no type": forged({"alg": "HS256"}),
    "crit": forged({**HEADER, "crit": ["exp"]}),
    "kid": forged({**HEADER, "kid": "../../dev/null"}),
    "jwk": forged({**HEADER, "jwk": {"kty": "oct", "k": text(b"k" * 32)}}),
    "jku": forged({**HEADER, "jku": "https://example.org"}),
    "zip": forged({**HEADER, "zip": "DEF"}),
    "the bare secret key": forged(key=KEYS[0]),
    "an empty key": forged(key=b""),
    "the key of refresh tokens": forged(key=derived(KEYS, b"equeue refresh token 1")[0]),
    "another digest": forged(digest="sha512"),
    "a claim more": forged(claims={**SAID, "role": "admin"}),
    "expired": forged(claims={**SAID, "exp": NOW}),
    "from tomorrow": forged(claims={**SAID, "iat": NOW + 86_400, "exp": NOW + 87_000}),
    "exp as text": forged(claims={**SAID, "exp": str(NOW + 900)}),
    "exp as a fraction": forged(claims={**SAID, "exp": NOW + 900.5}),
    "exp true": forged(claims={**SAID, "exp": True}),
    "exp far away": forged(claims={**SAID, "exp": 10**30}),
    "exp infinite": forged(claims={**SAID, "exp": float("inf")}),
    "exp nan": forged(claims={**SAID, "exp": float("nan")}),
    "sub of no person": forged(claims={**SAID, "sub": "admin"}),
    "sub a number": forged(claims={**SAID, "sub": 1}),
    "sub in capitals": forged(claims={**SAID, "sub": str(OWNER).upper()}),
    "aud a list": forged(claims={**SAID, "aud": [AUDIENCE, "other"]}),
    "a list for claims": forged(claims=[SAID]),
    "deep": "e30." + text(b"[" * 2_000) + "." + "A" * 43,
    "no token": "eyJ",
    "two parts": "a.b",
    "empty parts": "..",
    "long": "a" * 100_000,
    "text": "ünïcode.e30.e30",
}


@pytest.mark.parametrize("name", FORGERIES)
def test_forgery_is_refused(name: str) -> None:
    """One algorithm, one type, these claims and no others, signed for this purpose."""
    assert TOKENS.read(FORGERIES[name]) is None


@pytest.mark.parametrize("claim", SAID)
def test_every_claim_is_required(claim: str) -> None:
    """Whatever a library would do without it; and it has to be ours."""
    assert TOKENS.read(forged(claims=without(claim))) is None
    assert TOKENS.read(forged(claims={**SAID, claim: None})) is None
    assert TOKENS.read(forged(claims={**SAID, claim: "else"})) is None


def test_any_change_of_a_bit_is_noticed() -> None:
    """Of the token's text, anywhere in it."""
    written = TOKENS.write(CLAIMS).encode()
    for place in range(len(written)):
        for bit in range(8):
            changed = bytearray(written)
            changed[place] ^= 1 << bit
            assert TOKENS.read(changed.decode("latin-1")) is None, (place, bit)


@pytest.mark.parametrize("wrap", ["{}=", "{}==", " {}", "{}\n", "{}.", ".{}", "{}\x00", "{}%3D"])
def test_a_token_has_one_spelling(wrap: str) -> None:
    """Padding and white space make another text of the same bytes, which a list of leaked tokens would not hold."""
    assert TOKENS.read(wrap.format(TOKENS.write(CLAIMS))) is None


def test_last_character_has_no_twin() -> None:
    """Of the texts that base64 reads as the same signature one is taken."""
    written = TOKENS.write(CLAIMS)
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    assert [char for char in alphabet if TOKENS.read(written[:-1] + char)] == [written[-1]]


@given(st.uuids(), st.integers(1, 999_999_999))
def test_a_refresh_token_is_read_back(session_id: Any, generation: int) -> None:
    """The same claims are the same token, so that two tabs get the same successor."""
    claims = RefreshClaims(session_id, generation)
    assert REFRESH.write(claims) == REFRESH.write(claims)
    assert REFRESH.read(REFRESH.write(claims)) == claims


def test_a_refresh_token_cannot_be_made_up() -> None:
    """Not for another session or generation, not in another spelling, not from a token of another kind."""
    session_id = a_birth().job_id
    written = REFRESH.write(RefreshClaims(session_id, 2))
    named, signature = written[:-44], written[-43:]
    for forgery in (
        f"er_{session_id.hex}_3_{signature}",
        f"er_{session_id.hex}_02_{signature}",
        f"er_{session_id.hex}_0_{signature}",
        f"er_{a_birth().job_id.hex}_2_{signature}",
        f"{named}_{'A' * 43}",
        f"{named}_",
        f"{written}=",
        f" {written}",
        written.upper(),
        TOKENS.write(CLAIMS),
        "",
        "er_é",
        f"er_{session_id.hex}_2_{text(hmac.digest(KEYS[0], named.encode(), hashlib.sha256))}",
    ):
        assert REFRESH.read(forgery) is None
    assert TOKENS.read(written) is None


def test_any_change_of_a_bit_of_a_refresh_token_is_noticed() -> None:
    """Anywhere in it."""
    written = REFRESH.write(RefreshClaims(a_birth().job_id, 7)).encode()
    for place in range(len(written)):
        for bit in range(7):
            changed = bytearray(written)
            changed[place] ^= 1 << bit
            assert REFRESH.read(changed.decode("latin-1")) is None, (place, bit)


def test_nothing_shows_a_key() -> None:
    """What is printed of the readers says nothing of what they sign with."""
    assert str(SIGNING) not in repr(TOKENS)
    assert "_keys" not in repr(REFRESH)
