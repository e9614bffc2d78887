"""Credentials in requests: where they stand, and what happens to what is none."""

from collections.abc import AsyncIterator

import httpx2
import pytest
from starlette.applications import Starlette
from starlette.requests import HTTPConnection

from db.organizations import Tenant
from gql.core.authentication import bearer, credential_of
from resolvers.core.errors import Unauthenticated
from tests.factories import access
from tests.support.fixtures import over
from tests.support.store import Store


@pytest.fixture
async def visiting(app: Starlette) -> AsyncIterator[httpx2.AsyncClient]:
    """An HTTP client without a credential."""
    async with over(app) as client:
        yield client


def connection(*headers: tuple[str, str]) -> HTTPConnection:
    """A request with these headers."""
    raw = [(name.lower().encode(), value.encode("latin-1")) for name, value in headers]
    return HTTPConnection({"type": "http", "headers": raw})


@pytest.mark.parametrize(
    ("headers", "credential"),
    [
        ([], None),
        ([("Accept", "*/*")], None),
        ([("Authorization", "Bearer abc.def-_~+/==")], "abc.def-_~+/=="),
        ([("Authorization", "bearer   cg_1_x ")], "cg_1_x"),
        ([("X-API-Key", " cg_1_x ")], "cg_1_x"),
    ],
)
async def test_a_credential_stands_in_one_of_two_headers(
    headers: list[tuple[str, str]], credential: str | None
) -> None:
    assert credential_of(connection(*headers)) == credential


@pytest.mark.parametrize(
    "headers",
    [
        [("Authorization", "")],
        [("Authorization", "Bearer")],
        [("Authorization", "Bearer ")],
        [("Authorization", "Basic dXNlcjpwYXNz")],
        [("Authorization", "abc.def.ghi")],
        [("Authorization", "Bearer a b")],
        [("Authorization", "Bearer \xe9")],
        [("Authorization", "Bearer a"), ("Authorization", "Bearer a")],
        [("Authorization", "Bearer a"), ("X-API-Key", "cg_1")],
        [("X-API-Key", "cg_1"), ("X-API-Key", "cg_1")],
        [("X-API-Key", "")],
        [("X-API-Key", "Bearer cg_1")],
    ],
)
async def test_headers_that_are_no_credential_are_refused_rather_than_ignored(
    headers: list[tuple[str, str]],
) -> None:
    with pytest.raises(Unauthenticated):
        credential_of(connection(*headers))


async def test_a_sockets_first_message_carries_what_the_header_would() -> None:
    assert bearer("Bearer abc") == "abc"
    with pytest.raises(Unauthenticated):
        bearer("abc")


@pytest.mark.parametrize("header", ["X-API-Key", "Authorization"])
async def test_a_key_opens_the_api_in_either_header(
    store: Store, tenant: Tenant, visiting: httpx2.AsyncClient, header: str
) -> None:
    key = await access.api_key(store, tenant)
    value = key.text if header == "X-API-Key" else f"Bearer {key.text}"
    response = await visiting.post("/graphql", json={"query": "{ viewer { kind } }"}, headers={header: value})
    assert response.json() == {"data": {"viewer": {"kind": "API_KEY"}}}


@pytest.mark.parametrize(
    "headers",
    [{"Authorization": "Bearer wrong"}, {"Authorization": "Basic x"}, {"X-API-Key": "cg_wrong"}],
)
async def test_a_wrong_credential_is_401_also_for_what_is_public(
    visiting: httpx2.AsyncClient, headers: dict[str, str]
) -> None:
    response = await visiting.post("/graphql", json={"query": "{ viewer { kind } }"}, headers=headers)
    assert response.status_code == 401
    assert response.headers["www-authenticate"] == "Bearer"
    body = response.json()
    assert [error["extensions"]["code"] for error in body["errors"]] == ["UNAUTHENTICATED"]
    assert "data" not in body
