"""Whether the one who reads our words is a person at a terminal, and wants them coloured."""

import os
from typing import TextIO


def wants_colour(stream: TextIO) -> bool:
    """Tell whether to colour what goes to `stream`; NO_COLOR (no-color.org) says no for all."""
    return stream.isatty() and not os.environ.get("NO_COLOR")
