"""Answers made smaller for callers who can read them so."""

import asyncio
import re
import zlib
from collections.abc import Mapping
from typing import Final

import attrs

from .endpoint import Answer

WORTH_BYTES: Final = 1_024
"""What is smaller fits a packet anyway."""

IN_A_THREAD_BYTES: Final = 64 * 1024
"""What is larger would keep the loop from other callers for a millisecond and more."""

_GZIP = 16 + zlib.MAX_WBITS
_LEVEL = 1
_KINDS = ("application/json", "application/x-ndjson", "application/problem+json", "text/")
_REFUSED = re.compile(r"\s*q\s*=\s*0(?:\.0{0,3})?\s*")


async def compressed(answer: Answer, headers: Mapping[str, str]) -> Answer:
    """Return the answer, packed with gzip if the caller takes that and it is worth it."""
    size = len(answer.content)
    if size < WORTH_BYTES or not answer.media_type.startswith(_KINDS):
        return answer
    varying = {**answer.headers, "Vary": "Accept-Encoding"}
    if not takes_gzip(headers.get("accept-encoding", "")):
        return attrs.evolve(answer, headers=varying)
    packed = _packed(answer.content) if size <= IN_A_THREAD_BYTES else await asyncio.to_thread(_packed, answer.content)
    return attrs.evolve(answer, content=packed, headers={**varying, "Content-Encoding": "gzip"})


def takes_gzip(accepted: str) -> bool:
    """Tell whether `Accept-Encoding` admits gzip (RFC 9110, 12.5.3)."""
    for offer in accepted.lower().split(","):
        name, _, weight = offer.partition(";")
        if name.strip() == "gzip":
            return not _REFUSED.fullmatch(weight)
    return False


def _packed(content: bytes) -> bytes:
    packing = zlib.compressobj(_LEVEL, zlib.DEFLATED, _GZIP)
    return packing.compress(content) + packing.flush()
