"""Who may do what."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.builders import OWNER, a_birth

from equeue.domain.access import GRANTS, Principal, Role, Scope, admits

ALL = frozenset(Scope)
roles, scopes = st.sampled_from(Role), st.sampled_from(Scope)


@given(roles, st.frozensets(scopes), scopes)
def test_a_key_may_what_both_it_and_its_owner_may(role: Role, held: frozenset[Scope], scope: Scope) -> None:
    """Neither a wide key nor a high owner is enough alone."""
    assert Principal(OWNER, role, held).may(scope) == (scope in held and Principal(OWNER, role, ALL).may(scope))


def test_each_role_may_all_that_the_one_below_may() -> None:
    """Member, viewer, operator, admin; only the last may everything."""
    ladder = [GRANTS[role] for role in (Role.MEMBER, Role.VIEWER, Role.OPERATOR, Role.ADMIN)]
    assert ladder == sorted(ladder, key=len)
    assert all(lower < higher for lower, higher in pairwise(ladder))
    assert ladder[-1] == ALL
    assert Scope.ADMIN not in GRANTS[Role.OPERATOR]
    assert Scope.WORKER not in GRANTS[Role.VIEWER]
    assert GRANTS[Role.MEMBER] == {Scope.JOBS_WRITE, Scope.JOBS_READ}


@pytest.mark.parametrize(
    ("role", "held", "sees_all", "steers_all"),
    [
        (Role.MEMBER, ALL, False, False),
        (Role.VIEWER, ALL, True, False),
        (Role.OPERATOR, ALL, True, True),
        (Role.OPERATOR, frozenset({Scope.JOBS_READ}), True, False),
        (Role.ADMIN, ALL, True, True),
    ],
)
def test_whose_jobs_one_sees_and_steers(
    role: Role, held: frozenset[Scope], *, sees_all: bool, steers_all: bool
) -> None:
    """Members see their own; viewers see all and steer their own; operators steer all, if the key says so too."""
    principal = Principal(OWNER, role, held)
    assert principal.sees_only == (None if sees_all else OWNER)
    assert principal.steers_only == (None if steers_all else OWNER)


def test_queue_globs_confine_a_key() -> None:
    """No globs admit every queue; globs admit what any of them matches, case and all."""
    free, confined = Principal(OWNER, Role.ADMIN, ALL), Principal(OWNER, Role.ADMIN, ALL, None, ("email.*", "default"))
    assert free.reaches("anything")
    assert [confined.reaches(queue) for queue in ("email.bulk", "default", "email", "Default", "x.default")] == [
        True, True, False, False, False,
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("glob", "queue", "admitted"),
    [
        ("*", "", True),
        ("e?mail", "e-mail", True),
        ("e?mail", "email", False),
        ("e_mail", "e-mail", False),
        ("[ae]mail", "email", False),
        ("[!x]*", "email", False),
        ("[", "[", True),
        ("", "email", False),
    ],
)
def test_only_star_and_question_mark_are_special_in_a_glob(glob: str, queue: str, admitted: bool) -> None:  # noqa: FBT001
    """So that every store can say the same of it."""
    assert admits((glob,), queue) is admitted


def test_a_principal_is_known_by_its_key_or_its_person() -> None:
    """Two keys of one person are two principals for idempotency."""
    key = a_birth().job_id
    assert Principal(OWNER, Role.MEMBER, ALL).name == f"user:{OWNER}"
    assert Principal(OWNER, Role.MEMBER, ALL, key).name == f"key:{key}"
