"""How bounded looks along indexes are planned, whatever the statistics say."""

from sqlalchemy import text

# Statistics may date from an hour when nothing was queued and no index looked worth it; and a lane is walked in its
# order and to its bound, where a bitmap would collect all of it first. It holds for the transaction.
ALONG_INDEXES = text("""
select set_config('enable_seqscan', 'off', true), set_config('enable_bitmapscan', 'off', true),
  set_config('jit', 'off', true)
""")
