"""Whether the time of a refusal tells which accounts there are: `python -m bench.login`.

Logins with a wrong password and logins to an address that nobody has take turns, which of the two first drawn by chance
for each pair, over PostgreSQL and with bcrypt as it is in use; so what else the machine does falls on both alike. Told
are both medians, and of the differences within pairs the median, the mean with its 95 % interval, and Student's t.
"""

import argparse
import asyncio
import random
import statistics
import time
from math import sqrt

from bench import servers
from equeue.adapters.postgres.engine import create_engine
from equeue.adapters.postgres.unit_of_work import postgres_units_of_work
from equeue.adapters.security.passwords import BcryptPasswords
from equeue.adapters.security.tokens import JwtAccessTokens, SignedRefreshTokens
from equeue.adapters.system import SystemClock, UuidV7Ids
from equeue.application.login import LogIn, Throttle
from equeue.application.people import ManagePeople
from equeue.application.ports.unit_of_work import UnitsOfWork
from equeue.application.sessions import OpenSession, WriteTokens
from equeue.domain.access import Role
from equeue.domain.account_errors import BadCredentials
from equeue.domain.audit import SYSTEM
from equeue.domain.logins import PER_ACCOUNT

KEYS = (b"k" * 32,)
GIVEN, WRONG = "correct horse battery", "wrong horse battery!"


def a_login(units: UnitsOfWork, passwords: BcryptPasswords) -> LogIn:
    """Return what people log in with."""
    ids, clock = UuidV7Ids(), SystemClock()
    write = WriteTokens(JwtAccessTokens(KEYS, clock), SignedRefreshTokens(KEYS), clock, ids)
    return LogIn(units, passwords, Throttle(units), OpenSession(units, ids, write))


async def refused(log_in: LogIn, email: str, address: str) -> float:
    """Return how many seconds a refusal takes."""
    begin = time.perf_counter()
    try:
        await log_in(email, WRONG, address)
    except BadCredentials:
        return time.perf_counter() - begin
    raise AssertionError("a wrong password was taken")


async def compare(units: UnitsOfWork, pairs: int) -> tuple[list[float], list[float]]:
    """Return the times of wrong passwords and of unknown addresses, pair by pair."""
    passwords = BcryptPasswords()
    log_in, people = a_login(units, passwords), ManagePeople(units, UuidV7Ids(), passwords)
    wrong: list[float] = []
    unknown: list[float] = []
    for pair in range(pairs):
        email, place = f"p{pair // (PER_ACCOUNT - 1)}@example.org", f"pair {pair}"
        if pair % (PER_ACCOUNT - 1) == 0:
            await people.create(email, Role.MEMBER, GIVEN, SYSTEM)
        kinds = [(wrong, email), (unknown, f"nobody{pair}@example.org")]
        for times, whom in random.sample(kinds, 2):
            times.append(await refused(log_in, whom, place))
    return wrong, unknown


def tell(wrong: list[float], unknown: list[float]) -> None:
    """Print what the times tell."""
    differences = [(one - other) * 1e3 for one, other in zip(wrong, unknown, strict=True)]
    mean, error = statistics.mean(differences), statistics.stdev(differences) / sqrt(len(differences))
    print(f"{len(differences)} pairs, ms")
    print(f"wrong password: median {statistics.median(wrong) * 1e3:.2f}")
    print(f"unknown address: median {statistics.median(unknown) * 1e3:.2f}")
    print(f"difference: median {statistics.median(differences):+.2f}, mean {mean:+.2f} ± {1.96 * error:.2f}")
    print(f"t = {mean / error:+.2f} (beyond ±2 the two would differ, at 5 %)")


async def measure(pairs: int) -> None:
    """Measure on the newest PostgreSQL that is here."""
    name, binaries = next(iter(servers.versions().items()))
    print(name)
    with servers.running(binaries) as server:
        engine = create_engine(servers.migrated(server, "login"))
        tell(*await compare(postgres_units_of_work(engine), pairs))
        await engine.dispose()


def main() -> None:
    """Measure what refusals take."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--pairs", type=int, default=200)
    asyncio.run(measure(options.parse_args().pairs))


if __name__ == "__main__":
    main()
