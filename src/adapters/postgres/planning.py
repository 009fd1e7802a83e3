"""How transactions plan that only walk along indexes, however many jobs there are and whatever the statistics say."""

from datetime import datetime

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from .rows import utc

# Statistics may date from an hour when nothing was queued and no index looked worth it; and a lane is walked in its
# order and to its bound, where a bitmap would collect all of it first. It holds for the transaction.
ALONG_INDEXES = text("""
select set_config('enable_seqscan', 'off', true), set_config('enable_bitmapscan', 'off', true),
  set_config('jit', 'off', true)
""")

PLANNING = """
select now() as server_time, set_config('enable_seqscan', 'off', true), set_config('enable_bitmapscan', 'off', true),
  set_config('enable_sort', 'off', true),
  set_config('plan_cache_mode', 'force_custom_plan', true), set_config('jit', 'off', true)
"""
"""To read all that may be meant and sort it looks cheaper as long as there is little of it, or as statistics of an hour
ago say so; for the millionth job it is not. Compiling takes longer than any of these statements may."""


async def walk_along_indexes(connection: AsyncConnection) -> datetime:
    """Make the connection's transaction plan so, without sorting too, and return when it began."""
    return utc((await connection.execute(text(PLANNING))).one().server_time)
