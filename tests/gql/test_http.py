"""GraphQL over HTTP: bad requests get a clear coded error and the right status, and nothing changes."""

import json
from typing import Any

import httpx2
import pytest

from db.contacts import Contact
from db.core.session import Database
from db.organizations import Tenant
from gql.app import build
from gql.settings import ServerSettings
from resolvers.core.context import Services
from tests.factories import contacts
from tests.support.fixtures import SignIn, over
from tests.support.ids import gid
from tests.support.store import Store

CREATE = 'mutation { contactCreate(input: {firstName: "Asha"}) { contact { id } } }'


async def contact_count(store: Store, tenant: Tenant) -> int:
    """How many contacts the tenant has."""
    return (await store.counts(tenant, Contact))[0]


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (b"{", 400, "BAD_REQUEST"),
        (b"", 400, "BAD_REQUEST"),
        (b"\xff\xfe", 400, "BAD_REQUEST"),
        (b'"query"', 400, "BAD_REQUEST"),
        (b"null", 400, "BAD_REQUEST"),
        (b"[]", 400, "BAD_REQUEST"),
        (b"12", 400, "BAD_REQUEST"),
        (b"{}", 400, "BAD_REQUEST"),
        (b'{"query": null}', 400, "BAD_REQUEST"),
        (b'{"query": 7}', 400, "BAD_REQUEST"),
        (b'{"query": "{ viewer { __typename } }", "variables": []}', 400, "BAD_REQUEST"),
        (b'{"query": "{ viewer { __typename } }", "operationName": 3}', 400, "BAD_REQUEST"),
        (b'{"query": "{ viewer", "x": ' + b"9" * 5000 + b"}", 400, "BAD_REQUEST"),
        (b'{"query": "\\ud800"}', 400, "BAD_REQUEST"),
        (b'{"query": "' + b" " * 2_000_000 + b'"}', 413, "REQUEST_TOO_LARGE"),
    ],
)
async def test_a_body_that_is_no_graphql_request_is_refused(
    tenant: Tenant, sign_in: SignIn, body: bytes, status: int, code: str
) -> None:
    client = await sign_in(tenant)
    response = await client.http.post("/graphql", content=body, headers=client.headers)
    assert response.status_code == status
    answer = response.json()
    assert [error["extensions"]["code"] for error in answer["errors"]] == [code]
    assert "data" not in answer
    assert "Traceback" not in response.text


@pytest.mark.parametrize(
    ("query", "variables", "code"),
    [
        ("{ contacts", None, "GRAPHQL_PARSE_FAILED"),
        ("{ nothing }", None, "GRAPHQL_VALIDATION_FAILED"),
        ("{ contacts { nodes { password } } }", None, "GRAPHQL_VALIDATION_FAILED"),
        ("{ contact { id } }", None, "GRAPHQL_VALIDATION_FAILED"),
        ("query ($f: Int!) { contacts(first: $f) { nodes { id } } }", None, "BAD_USER_INPUT"),
        ("query ($f: Int!) { contacts(first: $f) { nodes { id } } }", {"f": "ten"}, "BAD_USER_INPUT"),
        ("query ($f: Int!) { contacts(first: $f) { nodes { id } } }", {"f": 2**40}, "BAD_USER_INPUT"),
        ("query A { viewer { __typename } } query B { viewer { __typename } }", None, "BAD_USER_INPUT"),
        ("subscription { callStatusChanged { __typename } }", None, "BAD_USER_INPUT"),
        ("fragment F on Contact { id }", None, "GRAPHQL_VALIDATION_FAILED"),
        ("{ " + "a: viewer { __typename } ".replace("a", "a{}") * 1 + "}", None, "GRAPHQL_PARSE_FAILED"),
    ],
)
async def test_a_document_that_cannot_run_is_refused_before_it_runs(
    tenant: Tenant, sign_in: SignIn, query: str, variables: Any, code: str
) -> None:
    client = await sign_in(tenant)
    answer = await client.run(query, variables)
    assert set(answer.codes) == {code}
    assert answer.data is None
    strict = await client.post({"query": query, "variables": variables}, accept="application/graphql-response+json")
    assert strict.status_code == 400
    assert "data" not in strict.json()
    assert client.statements == []


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        ("first: -1", "BAD_USER_INPUT"),
        ("first: 101", "BAD_USER_INPUT"),
        ("first: 1, last: 1", "BAD_USER_INPUT"),
        ('after: "nonsense"', "INVALID_CURSOR"),
        ('after: ""', "INVALID_CURSOR"),
        ('after: "' + "A" * 4000 + '"', "INVALID_CURSOR"),
        ('after: "WyJDUkVBVEVEX0FUIiwxMiwieCJd"', "INVALID_CURSOR"),
        ('before: "bnVsbA"', "INVALID_CURSOR"),
        ('filter: {ownerId: {eq: "contact_1"}}', "INVALID_ID"),
        ('filter: {email: {eq: "a\\u0000b"}}', "BAD_USER_INPUT"),
        ('search: "  "', "BAD_USER_INPUT"),
    ],
)
async def test_bad_arguments_of_a_connection_are_refused(
    tenant: Tenant, sign_in: SignIn, arguments: str, code: str
) -> None:
    client = await sign_in(tenant)
    answer = await client.run(f"{{ contacts({arguments}) {{ nodes {{ id }} }} }}")
    assert answer.codes == [code]
    assert answer.data is None


async def test_a_cursor_with_a_number_beyond_its_column_is_refused(tenant: Tenant, sign_in: SignIn) -> None:
    from resolvers.core.pagination import encode_cursor

    client = await sign_in(tenant)
    cursor = encode_cursor("LEAD_SCORE", 2**62, tenant.id)
    answer = await client.run(
        "query ($c: String) { contacts(after: $c, orderBy: {field: LEAD_SCORE}) { nodes { id } } }",
        {"c": cursor},
    )
    assert answer.codes in (["INVALID_CURSOR"], ["BAD_USER_INPUT"])


@pytest.mark.parametrize(
    "authorization",
    ["Bearer nonsense", "Bearer ", "Basic YTpi", "Bearer a.b.c", "nonsense", "Bearer cg_x_y"],
)
async def test_a_wrong_credential_is_refused_with_401_and_nothing_changes(
    store: Store, tenant: Tenant, sign_in: SignIn, authorization: str
) -> None:
    client = await sign_in(tenant)
    response = await client.http.post("/graphql", json={"query": CREATE}, headers={"authorization": authorization})
    assert response.status_code == 401
    assert response.json()["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"
    assert response.headers["www-authenticate"] == "Bearer"
    assert await contact_count(store, tenant) == 0


async def test_without_a_credential_what_needs_one_is_refused(store: Store, tenant: Tenant, sign_in: SignIn) -> None:
    client = await sign_in(tenant)
    for query in (CREATE, "{ contacts { nodes { id } } }", "{ organization { id } }"):
        response = await client.http.post("/graphql", json={"query": query})
        assert response.json()["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"
    assert await contact_count(store, tenant) == 0


async def test_other_content_types_and_methods_are_refused(store: Store, tenant: Tenant, sign_in: SignIn) -> None:
    client = await sign_in(tenant)
    body = json.dumps({"query": CREATE}).encode()
    for content_type in (
        "text/plain",
        "application/x-www-form-urlencoded",
        "application/json; charset=latin-1",
        "",
    ):
        response = await client.http.post(
            "/graphql", content=body, headers={**client.headers, "content-type": content_type}
        )
        assert (response.status_code, response.json()["errors"][0]["extensions"]["code"]) == (
            415,
            "UNSUPPORTED_MEDIA_TYPE",
        )
    for method in ("PUT", "PATCH", "DELETE"):
        response = await client.http.request(method, "/graphql", content=body, headers=client.headers)
        assert response.status_code == 405
        assert response.headers["allow"] == "GET, POST"
    assert await contact_count(store, tenant) == 0


async def test_get_runs_queries_and_refuses_mutations(store: Store, tenant: Tenant, sign_in: SignIn) -> None:
    client = await sign_in(tenant)
    found = await client.http.get(
        "/graphql",
        params={"query": "query ($f: Int) { contacts(first: $f) { nodes { id } } }", "variables": '{"f": 1}'},
        headers=client.headers,
    )
    assert found.json() == {"data": {"contacts": {"nodes": []}}}
    refused = await client.http.get("/graphql", params={"query": CREATE}, headers=client.headers)
    assert refused.status_code == 405
    assert refused.headers["allow"] == "POST"
    for params in ({}, {"query": "{ contacts { nodes { id } } }", "variables": "{"}):
        assert (await client.http.get("/graphql", params=params, headers=client.headers)).status_code == 400
    assert await contact_count(store, tenant) == 0


@pytest.mark.parametrize(
    "query",
    [
        "query { viewer { __typename " + "... on Viewer { __typename " * 200 + "}" * 200 + "} }",
        "{ " + " ".join(f"a{n}: viewer {{ __typename }}" for n in range(500)) + " }",
        "{ " + "contacts { nodes { account { " * 8 + "id" + " } } }" * 8 + " }",
        "{ contacts(first: 90) { nodes { deals(first: 90) { nodes { activities(first: 90) { nodes { id } } } } } } }",
        "{ " + "[" * 10_000,
        "{ viewer { ...F0 } } "
        + " ".join(f"fragment F{n} on Viewer {{ ...F{n + 1} ...F{n + 1} }}" for n in range(25))
        + " fragment F25 on Viewer { __typename }",
    ],
    ids=["deep", "aliases", "cycle", "price", "brackets", "fragments"],
)
async def test_an_operation_beyond_the_limits_is_refused_at_once(tenant: Tenant, sign_in: SignIn, query: str) -> None:
    client = await sign_in(tenant)
    answer = await client.run(query)
    assert set(answer.codes) <= {"OPERATION_TOO_COMPLEX", "GRAPHQL_PARSE_FAILED", "GRAPHQL_VALIDATION_FAILED"}
    assert answer.codes
    assert client.statements == []


async def test_a_closed_database_answers_503_and_no_stack_trace(
    database_urls: Any, services: Services, tenant: Tenant, sign_in: SignIn
) -> None:
    client = await sign_in(tenant)
    nowhere = Database("postgresql://nobody:nothing@127.0.0.1:1/none", pool_timeout_seconds=1)
    broken = Services(nowhere, services.keyring, services.clock, services.wakeups)
    transport = httpx2.ASGITransport(app=build(ServerSettings(), broken), raise_app_exceptions=False)
    async with httpx2.AsyncClient(transport=transport, base_url="http://test") as http:
        response = await http.post("/graphql", json={"query": "{ contacts { nodes { id } } }"}, headers=client.headers)
        assert response.status_code == 503
        assert response.json()["errors"][0]["extensions"]["code"] == "SERVICE_UNAVAILABLE"
        assert "Traceback" not in response.text
        assert "127.0.0.1" not in response.text
        assert (await http.get("/healthz")).status_code == 200
        assert (await http.get("/readyz")).status_code == 503
    await nowhere.close()


async def test_what_nobody_foresaw_is_masked_and_known_by_its_id(
    store: Store, tenant: Tenant, sign_in: SignIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    from gql.core import node

    def broken(*_: Any) -> Any:
        raise ZeroDivisionError("password=hunter2")

    person = await contacts.contact(store, tenant)
    monkeypatch.setattr(node, "refer", broken)
    client = await sign_in(tenant)
    answer = await client.run("query ($id: ID!) { node(id: $id) { id } }", {"id": gid(person)})
    assert answer.codes == ["INTERNAL_ERROR"]
    assert "hunter2" not in json.dumps(answer.errors)
    assert answer.errors[0]["extensions"]["errorId"] in answer.errors[0]["message"]


async def test_every_answer_carries_its_request_id_and_is_not_sniffed(tenant: Tenant, sign_in: SignIn) -> None:
    client = await sign_in(tenant)
    given = await client.http.get("/healthz", headers={"x-request-id": "mine-1"})
    assert given.headers["x-request-id"] == "mine-1"
    made = await client.http.get("/healthz", headers={"x-request-id": "not tame\t"})
    assert made.headers["x-request-id"] not in {"", "not tame\t"}
    assert made.headers["x-content-type-options"] == "nosniff"
    assert (await client.http.get("/readyz")).json() == {"status": "ok"}


async def test_pages_of_allowed_origins_may_read_answers_and_others_may_not(services: Services) -> None:
    app = build(ServerSettings(allowed_origins=["https://dashboard.example"]), services)
    async with over(app) as http:
        ours = "https://dashboard.example"
        for origin, answer in ((ours, ours), ("https://evil.example", None)):
            asked = await http.options(
                "/graphql",
                headers={
                    "origin": origin,
                    "access-control-request-method": "POST",
                    "access-control-request-headers": "authorization, content-type",
                },
            )
            assert asked.headers.get("access-control-allow-origin") == answer
            got = await http.post("/graphql", json={"query": "{ viewer { kind } }"}, headers={"origin": origin})
            assert got.headers.get("access-control-allow-origin") == answer
