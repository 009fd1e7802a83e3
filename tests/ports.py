"""Ports for servers that tests start."""

import random
import socket

BELOW_OUTGOING = range(10_240, 32_000)
"""Nothing that connects is given one of these by the system, so a port that is free stays free until it is taken."""

_RANDOM = random.SystemRandom()


def free_port() -> int:
    """Return a port on which nothing listens now."""
    while True:
        port = _RANDOM.choice(BELOW_OUTGOING)
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
