"""Pages of other origins get nothing: no answer admits them unless somebody sets that up before the API."""

import pytest
from tests.unit.http.world import Caller

ELSEWHERE = {"origin": "https://elsewhere.example", "access-control-request-method": "POST"}


@pytest.mark.parametrize(
    ("method", "path"), [("OPTIONS", "/api/v1/jobs"), ("GET", "/api/v1/jobs"), ("POST", "/api/v1/jobs")]
)
async def test_no_other_origin_is_admitted(api: Caller, method: str, path: str) -> None:
    """Neither beforehand nor afterwards."""
    answer = await api(method, path, headers=ELSEWHERE)
    assert not [name for name in answer.headers if name.startswith("access-control-")]
