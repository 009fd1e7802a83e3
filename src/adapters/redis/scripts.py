"""The two scripts that change a queue of ids, each atomic and each on one key, so that a cluster can run them.

A queue is a sorted set. An id's score is its priority, then when it falls due: `priority * 10^13 + milliseconds`,
which a double holds to the hundredth of a millisecond. Time is the server's own.
"""

import hashlib
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import attrs
from redis.exceptions import NoScriptError

from ...domain.events import JobQueued
from ...domain.spec import LOWEST_PRIORITY
from .connection import Client

WIDTH = 10_000_000_000_000
"""How far apart the scores of two priorities are: 317 years in milliseconds."""

SCANNED = 2_000
"""One call looks at no more ids than this, however many of them are rubbish; a server has other clients to serve."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

# A key under our name that is no sorted set was put there by nobody of ours, and would be in the way for ever.
_CLEARED = """
local kind = redis.call('TYPE', KEYS[1])['ok']
if kind ~= 'zset' and kind ~= 'none' then
  redis.call('UNLINK', KEYS[1])
end
"""

# KEYS: the queue. ARGV: its channel, what to say there, how many ids it may hold, how many seconds it is kept without
# a word about it, then pairs of score and id. Says something only if anything changed. Returns how many ids did.
ADD = f"""
{_CLEARED}
local changed = 0
if #ARGV > 4 then
  local pairs_of = {{}}
  for place = 5, #ARGV do
    pairs_of[#pairs_of + 1] = ARGV[place]
  end
  changed = redis.call('ZADD', KEYS[1], 'CH', unpack(pairs_of))
  local over = redis.call('ZCARD', KEYS[1]) - tonumber(ARGV[3])
  if over > 0 then
    redis.call('ZREMRANGEBYSCORE', KEYS[1], '({(LOWEST_PRIORITY + 1) * WIDTH}', '+inf')
    redis.call('ZREMRANGEBYRANK', KEYS[1], ARGV[3], -1)
  end
  redis.call('EXPIRE', KEYS[1], ARGV[4])
end
if changed > 0 or #ARGV == 4 then
  redis.call('PUBLISH', ARGV[1], ARGV[2])
end
return changed
"""

# KEYS: the queue. ARGV: how many ids. Takes due ids, the lowest priority number first, then the longest due; what is
# no id is thrown away. Returns whether more is due, in how many milliseconds the next id falls due (-1: none is
# waiting), and the ids.
POP = f"""
{_CLEARED}
local time = redis.call('TIME')
local now = time[1] * 1000 + time[2] / 1000
local wanted, scanned, found = tonumber(ARGV[1]), 0, {{}}
local next_due, more = -1, 0
for priority = 0, {LOWEST_PRIORITY} do
  local from = priority == 0 and '-inf' or priority * {WIDTH}
  while #found < wanted and scanned < {SCANNED} do
    local due = redis.call('ZRANGE', KEYS[1], from, priority * {WIDTH} + now, 'BYSCORE', 'LIMIT', 0, wanted - #found)
    if #due == 0 then
      break
    end
    redis.call('ZREM', KEYS[1], unpack(due))
    scanned = scanned + #due
    for _, id in ipairs(due) do
      if #id == 36 and string.find(id, '^%x+%-%x+%-%x+%-%x+%-%x+$') then
        found[#found + 1] = id
      end
    end
  end
  if redis.call('ZCOUNT', KEYS[1], from, priority * {WIDTH} + now) > 0 then
    more = 1
  end
  local after = string.format('(%.3f', priority * {WIDTH} + now)
  local before = string.format('(%.3f', (priority + 1) * {WIDTH})
  local later = redis.call('ZRANGE', KEYS[1], after, before, 'BYSCORE', 'LIMIT', 0, 1, 'WITHSCORES')
  if later[2] then
    local away = tonumber(later[2]) - priority * {WIDTH} - now
    if next_due < 0 or away < next_due then
      next_due = away
    end
  end
end
table.insert(found, 1, tostring(next_due))
table.insert(found, 1, more)
return found
"""

# KEYS: the queue. Returns for each priority how many ids are due.
COUNT = f"""
{_CLEARED}
local time = redis.call('TIME')
local now = time[1] * 1000 + time[2] / 1000
local counts = {{}}
for priority = 0, {LOWEST_PRIORITY} do
  local from = priority == 0 and '-inf' or priority * {WIDTH}
  counts[#counts + 1] = redis.call('ZCOUNT', KEYS[1], from, priority * {WIDTH} + now)
end
return counts
"""


@attrs.frozen
class Script:
    """A script as servers know it: by its digest, and in full where they do not know it yet."""

    text: str
    digest: str = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        object.__setattr__(self, "digest", hashlib.sha1(self.text.encode(), usedforsecurity=False).hexdigest())

    async def run(self, client: Client, key: str, *arguments: Any) -> Any:
        """Run it on `key`."""
        try:
            return await client.execute_command("EVALSHA", self.digest, 1, key, *arguments)
        except NoScriptError:
            return await client.execute_command("EVAL", self.text, 1, key, *arguments)


add, pop, count = Script(ADD), Script(POP), Script(COUNT)


def scored(events: Sequence[JobQueued]) -> list[str | float]:
    """Return scores and ids, side by side, as `ADD` takes them."""
    return [word for event in events for word in (score(event.priority, event.run_at), str(event.job_id))]


def score(priority: int, run_at: datetime) -> float:
    """Return where in its queue a job stands."""
    milliseconds = (run_at - _EPOCH).total_seconds() * 1_000
    return priority * WIDTH + min(max(milliseconds, 0.0), WIDTH - 1.0)
