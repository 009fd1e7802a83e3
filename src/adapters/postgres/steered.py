"""What makes a queue one from which nobody may claim without looking at its limits, as conditions on its row `s`."""

COUNTED = "(s.max_running is not null or s.max_running_per_key is not null or s.rate_limit is not null)"
"""Claims take turns here, so that they can be counted."""

PAUSED = "(s.paused_at is not null and coalesce(s.paused_until > now(), true))"

STEERED = f"({COUNTED} or s.oldest_share is not null or {PAUSED})"

# Asked once a claim, before any job is looked at: nobody set anything for these queues that a claim has to heed. The
# few rows of a small table are found by their key; where one is steered, nothing else of the statement is done.
FREE = f"""not exists (
    select from equeue.queues as s where s.name = any(%(queues)b::text[]) and {STEERED}
  )"""
