"""Contacts and accounts through the API."""

from typing import Any

from sqlalchemy import select

from db.compliance import AuditLogEntry
from db.contacts import Contact
from db.enums.contacts import ContactStatus, CustomerValue
from db.enums.events import EventType
from db.events import Event
from db.organizations import Tenant
from tests.factories import contacts
from tests.support.client import Client
from tests.support.fixtures import SignIn
from tests.support.ids import gid
from tests.support.store import Store

CREATE = """
mutation ($input: ContactCreateInput!) {
  contactCreate(input: $input) {
    position
    errors { __typename code message path }
    contact { id firstName lastName fullName email phone tags customFields version createdAt }
  }
}
"""

UPDATE = """
mutation ($input: ContactUpdateInput!) {
  contactUpdate(input: $input) {
    errors { __typename code path ... on Conflict { current { id ... on Contact { version firstName } } } }
    contact { id firstName email version }
  }
}
"""


async def counts(store: Store, tenant: Tenant) -> tuple[int, int, int]:
    """How many contacts, events and audit entries the tenant has."""
    people, events, entries = await store.counts(tenant, Contact, Event, AuditLogEntry)
    return people, events, entries


async def test_a_contact_is_read_with_its_account(store: Store, tenant: Tenant, sign_in: SignIn) -> None:
    company = await contacts.account(store, tenant, name="Bharat Steel")
    person = await contacts.contact(store, tenant, first_name="Asha", last_name="Rao", account_id=company.id)
    client = await sign_in(tenant)
    data = (
        await client.run(
            "query ($id: ID!) { contact(id: $id) { id fullName status account { id name } } }",
            {"id": gid(person)},
        )
    ).ok()
    assert data["contact"] == {
        "id": gid(person),
        "fullName": "Asha Rao",
        "status": "ACTIVE",
        "account": {"id": gid(company), "name": "Bharat Steel"},
    }
    assert len(client.statements) == 1  # the account is joined


async def test_an_account_is_read_with_its_contacts_and_branches(store: Store, tenant: Tenant, sign_in: SignIn) -> None:
    parent = await contacts.account(store, tenant, name="Parent")
    await contacts.account(store, tenant, name="Branch", parent_account_id=parent.id)
    for name in ("One", "Two", "Three"):
        await contacts.contact(store, tenant, first_name=name, account_id=parent.id)
    client = await sign_in(tenant)
    data = (
        await client.run(
            """query ($id: ID!) { account(id: $id) {
                 childAccounts { nodes { name parentAccount { name } } }
                 contacts(first: 2) { totalCount isTotalCountCapped nodes { firstName } pageInfo { hasNextPage } }
            } }""",
            {"id": gid(parent)},
        )
    ).ok()["account"]
    assert data["childAccounts"]["nodes"] == [{"name": "Branch", "parentAccount": {"name": "Parent"}}]
    assert data["contacts"]["totalCount"] == 3
    assert data["contacts"]["isTotalCountCapped"] is False
    assert len(data["contacts"]["nodes"]) == 2
    assert data["contacts"]["pageInfo"] == {"hasNextPage": True}
    assert len(client.statements) == 4  # account, branches (their parent joined), contacts, their count


async def test_accounts_are_listed_by_name_and_filtered(store: Store, tenant: Tenant, sign_in: SignIn) -> None:
    for name, industry in (("Cedar", "Steel"), ("Acorn", "Steel"), ("Birch", "Paper")):
        await contacts.account(store, tenant, name=name, industry=industry)
    client = await sign_in(tenant)
    query = "query ($f: AccountFilter) { accounts(filter: $f) { nodes { name } } }"

    async def names(filter_: Any) -> list[str]:
        return [node["name"] for node in (await client.run(query, {"f": filter_})).ok()["accounts"]["nodes"]]

    assert await names(None) == ["Acorn", "Birch", "Cedar"]
    assert await names({"industry": {"eq": "Steel"}}) == ["Acorn", "Cedar"]
    assert await names({"or": [{"name": {"startsWith": "B"}}, {"name": {"eq": "Cedar"}}]}) == [
        "Birch",
        "Cedar",
    ]
    assert await names({"not": {"industry": {"eq": "Steel"}}}) == ["Birch"]
    assert await names({"and": [{"industry": {"eq": "Steel"}}, {"name": {"ne": "Acorn"}}]}) == ["Cedar"]
    assert await names({"parentAccountId": {"isNull": False}}) == []


async def test_contacts_are_searched_by_the_beginnings_of_words(
    store: Store, tenant: Tenant, other_tenant: Tenant, sign_in: SignIn
) -> None:
    for owner in (tenant, other_tenant):
        await contacts.contact(
            store, owner, first_name="Meera", last_name="Krishnan", email=f"meera.k@{owner.slug}.example"
        )
        await contacts.contact(store, owner, first_name="Ravi", last_name="Shah", email=None)
    client = await sign_in(tenant)

    async def found(words: str) -> list[str]:
        data = (
            await client.run("query ($s: String) { contacts(search: $s) { nodes { firstName } } }", {"s": words})
        ).ok()
        return [node["firstName"] for node in data["contacts"]["nodes"]]

    assert await found("krish") == ["Meera"]
    assert await found("mee kri") == ["Meera"]
    assert await found(f"meera.k@{tenant.slug}.example") == ["Meera"]
    assert await found("krish & ! | ' : *") == ["Meera"]
    assert await found("nobody") == []
    assert (await client.run('{ contacts(search: "!!") { nodes { id } } }')).codes == ["BAD_USER_INPUT"]


async def test_pages_walk_both_ways_without_gap_or_repeat(store: Store, tenant: Tenant, sign_in: SignIn) -> None:
    people = [await contacts.contact(store, tenant, lead_score=score) for score in (10, 10, 10, 20, 5)]
    expected = [gid(p) for p in sorted(people, key=lambda p: (p.lead_score, p.id))]
    client = await sign_in(tenant)
    order = "orderBy: {field: LEAD_SCORE, direction: ASC}"
    fields = "nodes { id } pageInfo { startCursor endCursor hasNextPage hasPreviousPage }"

    async def walk(forward: bool) -> list[str]:
        seen: list[str] = []
        cursor = None
        while True:
            size, mark = ("first", "after") if forward else ("last", "before")
            query = f"query ($c: String) {{ contacts({size}: 2, {mark}: $c, {order}) {{ {fields} }} }}"
            page = (await client.run(query, {"c": cursor})).ok()["contacts"]
            ids = [node["id"] for node in page["nodes"]]
            seen = [*seen, *ids] if forward else [*ids, *seen]
            info = page["pageInfo"]
            if not info["hasNextPage" if forward else "hasPreviousPage"]:
                return seen
            cursor = info["endCursor" if forward else "startCursor"]

    assert await walk(forward=True) == expected
    assert await walk(forward=False) == expected


async def test_a_contact_is_created_with_its_audit_entry_and_event(
    store: Store, tenant: Tenant, sign_in: SignIn
) -> None:
    client = await sign_in(tenant)
    payload = (
        await client.run(
            CREATE,
            {
                "input": {
                    "firstName": " Asha ",
                    "lastName": "Rao",
                    "email": "ASHA@Example.com",
                    "phone": "022 6121 2345",
                    "country": "IN",
                    "tags": ["vip", "VIP"],
                }
            },
        )
    ).ok()["contactCreate"]
    assert payload["errors"] == []
    made = payload["contact"]
    assert (made["fullName"], made["email"], made["phone"]) == (
        "Asha Rao",
        "asha@example.com",
        "+912261212345",
    )
    assert made["tags"] == ["vip"]
    assert made["version"] == 1
    event = (await store.all(select(Event).where(Event.tenant_id == tenant.id)))[0]
    assert (event.type, event.position, str(event.object_id)) == (
        EventType.CONTACT_CREATED,
        1,
        made["id"][8:],
    )
    assert payload["position"] == "1"
    assert "asha" not in str(event.payload).lower()
    entry = (await store.all(select(AuditLogEntry).where(AuditLogEntry.tenant_id == tenant.id)))[0]
    assert entry.event_id == event.id
    assert entry.key_subject_id == event.object_id
    assert b"asha" not in entry.new_values_encrypted.lower()


async def test_a_retry_with_the_same_key_creates_nothing_new(store: Store, tenant: Tenant, sign_in: SignIn) -> None:
    client = await sign_in(tenant)
    wanted = {"firstName": "Asha", "idempotencyKey": "k-1"}
    first = (await client.run(CREATE, {"input": wanted})).ok()["contactCreate"]
    again = (await client.run(CREATE, {"input": wanted})).ok()["contactCreate"]
    assert again == first
    other = (await client.run(CREATE, {"input": {**wanted, "firstName": "Ravi"}})).ok()["contactCreate"]
    assert [error["code"] for error in other["errors"]] == ["CONFLICT"]
    assert await counts(store, tenant) == (1, 1, 1)


async def test_invalid_values_are_refused_together_and_nothing_is_stored(
    store: Store, tenant: Tenant, sign_in: SignIn
) -> None:
    client = await sign_in(tenant)
    payload = (await client.run(CREATE, {"input": {"email": "nobody", "phone": "+91"}})).ok()["contactCreate"]
    assert payload["contact"] is None
    assert {error["__typename"] for error in payload["errors"]} == {"ValidationFailed"}
    assert ["input", "email"] in [error["path"] for error in payload["errors"]]
    for wanted, path in (
        ({"firstName": "A", "phone": "+91"}, ["input", "phone"]),
        (
            {"firstName": "A", "accountId": "contact_0192f0c4-0000-7000-8000-000000000000"},
            ["input", "accountId"],
        ),
    ):
        payload = (await client.run(CREATE, {"input": wanted})).ok()["contactCreate"]
        assert [error["path"] for error in payload["errors"]] == [path]
    assert await counts(store, tenant) == (0, 0, 0)


async def test_a_contact_cannot_join_another_tenants_account(
    store: Store, tenant: Tenant, other_tenant: Tenant, sign_in: SignIn
) -> None:
    foreign = await contacts.account(store, other_tenant)
    client = await sign_in(tenant)
    payload = (await client.run(CREATE, {"input": {"firstName": "A", "accountId": gid(foreign)}})).ok()["contactCreate"]
    assert [(error["__typename"], error["path"]) for error in payload["errors"]] == [
        ("NotFound", ["input", "accountId"])
    ]
    assert await counts(store, tenant) == (0, 0, 0)


async def test_an_update_changes_what_is_given_and_counts_the_version(
    store: Store, tenant: Tenant, sign_in: SignIn
) -> None:
    person = await contacts.contact(store, tenant, notes="call after six")
    client = await sign_in(tenant)
    wanted = {
        "id": gid(person),
        "firstName": "Anita",
        "notes": None,
        "customerValue": "GOLD",
        "status": "INACTIVE",
    }
    payload = (await client.run(UPDATE, {"input": wanted})).ok()["contactUpdate"]
    assert payload["errors"] == []
    assert payload["contact"] == {
        "id": gid(person),
        "firstName": "Anita",
        "email": person.email,
        "version": 2,
    }
    stored = await store.get(Contact, tenant.id, person.id)
    assert stored is not None
    assert (stored.notes, stored.customer_value, stored.status) == (
        None,
        CustomerValue.GOLD,
        ContactStatus.INACTIVE,
    )
    event = (await store.all(select(Event).where(Event.tenant_id == tenant.id)))[0]
    assert event.type is EventType.CONTACT_UPDATED
    assert event.payload["changed"] == ["customer_value", "first_name", "notes", "status"]


async def test_an_update_of_an_old_version_answers_the_present_contact(
    store: Store, tenant: Tenant, sign_in: SignIn
) -> None:
    person = await contacts.contact(store, tenant, first_name="Asha", version=4)
    client = await sign_in(tenant)
    payload = (
        await client.run(UPDATE, {"input": {"id": gid(person), "firstName": "Anita", "expectedVersion": 3}})
    ).ok()["contactUpdate"]
    assert payload["errors"] == [
        {
            "__typename": "Conflict",
            "code": "CONFLICT",
            "path": ["input", "expectedVersion"],
            "current": {"id": gid(person), "version": 4, "firstName": "Asha"},
        }
    ]
    assert await counts(store, tenant) == (1, 0, 0)


async def test_null_is_refused_where_a_value_must_stand(store: Store, tenant: Tenant, sign_in: SignIn) -> None:
    person = await contacts.contact(store, tenant)
    client = await sign_in(tenant)
    payload = (await client.run(UPDATE, {"input": {"id": gid(person), "status": None}})).ok()["contactUpdate"]
    assert [(e["code"], e["path"]) for e in payload["errors"]] == [("VALIDATION_FAILED", ["input", "status"])]
    stored = await store.get(Contact, tenant.id, person.id)
    assert stored is not None
    assert stored.status is ContactStatus.ACTIVE


async def test_another_tenants_contact_can_be_neither_read_nor_changed(
    store: Store, tenant: Tenant, other_tenant: Tenant, sign_in: SignIn
) -> None:
    foreign = await contacts.contact(store, other_tenant, first_name="Secret")
    client = await sign_in(tenant)
    query = "query ($id: ID!) { contact(id: $id) { id } node(id: $id) { id } nodes(ids: [$id]) { id } }"
    assert (await client.run(query, {"id": gid(foreign)})).ok() == {
        "contact": None,
        "node": None,
        "nodes": [None],
    }
    payload = (await client.run(UPDATE, {"input": {"id": gid(foreign), "firstName": "X"}})).ok()["contactUpdate"]
    assert [error["code"] for error in payload["errors"]] == ["NOT_FOUND"]
    stored = await store.get(Contact, other_tenant.id, foreign.id)
    assert stored is not None
    assert stored.first_name == "Secret"


async def test_without_the_permission_contacts_are_neither_read_nor_written(
    store: Store, tenant: Tenant, sign_in: SignIn
) -> None:
    person = await contacts.contact(store, tenant)
    nobody: Client = await sign_in(tenant, permissions={"account:read"})
    for query in (
        "query ($id: ID!) { contact(id: $id) { id } }",
        "query ($id: ID!) { node(id: $id) { id } }",
        "query ($id: ID!) { nodes(ids: [$id]) { id } }",
        "{ contacts { nodes { id } } }",
    ):
        answer = await nobody.run(query, {"id": gid(person)})
        assert answer.codes == ["FORBIDDEN"]
        assert answer.errors[0]["extensions"]["permission"] == "contact:read"
    reader = await sign_in(tenant, permissions={"contact:read"})
    for mutation, wanted in ((CREATE, {"firstName": "A"}), (UPDATE, {"id": gid(person), "firstName": "A"})):
        answer = await reader.run(mutation, {"input": wanted})
        assert answer.codes == ["FORBIDDEN"]
    answer = await reader.run(
        "query ($id: ID!) { contact(id: $id) { id account { id } deals { nodes { id } } } }",
        {"id": gid(person)},
    )
    assert answer.codes == ["FORBIDDEN"]
    for query in ("{ accounts { nodes { id } } }", "query ($id: ID!) { account(id: $id) { id } }"):
        assert (await reader.run(query, {"id": gid(person)})).codes == ["FORBIDDEN"]
    assert await counts(store, tenant) == (1, 0, 0)


async def test_ids_of_other_types_and_malformed_ids_are_refused(store: Store, tenant: Tenant, sign_in: SignIn) -> None:
    company = await contacts.account(store, tenant)
    client = await sign_in(tenant)
    for wrong in (
        gid(company),
        "contact_1",
        "",
        "contact_{0192f0c4-0000-7000-8000-000000000000}",
        "x" * 5000,
    ):
        assert (await client.run("query ($id: ID!) { contact(id: $id) { id } }", {"id": wrong})).codes == ["INVALID_ID"]


PERSONAL = (
    "email",
    "phone",
    "mobile",
    "bornOn",
    "gender",
    "addressLine1",
    "addressLine2",
    "postalCode",
    "socialProfiles",
)


async def test_personal_data_take_a_permission_of_their_own(store: Store, tenant: Tenant, sign_in: SignIn) -> None:
    person = await contacts.contact(store, tenant, first_name="Asha", last_name="Rao")
    asked = f"query ($id: ID!) {{ contact(id: $id) {{ fullName {' '.join(PERSONAL)} }} }}"
    reader = await sign_in(tenant, permissions={"contact:read"})
    answer = await reader.run(asked, {"id": gid(person)})
    assert answer.codes == ["FORBIDDEN"] * len(PERSONAL)
    assert {error["extensions"]["permission"] for error in answer.errors} == {"contact:pii:read"}
    assert answer.data == {"contact": {"fullName": "Asha Rao", **dict.fromkeys(PERSONAL)}}
    trusted = await sign_in(tenant, permissions={"contact:read", "contact:pii:read"})
    assert (await trusted.run(asked, {"id": gid(person)})).ok()["contact"]["email"] == person.email


async def test_personal_data_are_not_found_out_by_asking_for_them(
    store: Store, tenant: Tenant, sign_in: SignIn
) -> None:
    account = await contacts.account(store, tenant)
    person = await contacts.contact(store, tenant, mobile="+919820012345", first_name="Asha", account_id=account.id)
    wanted = {"or": [{"firstName": {"eq": "Nobody"}}, {"not": {"and": [{"mobile": {"ne": "+919820012345"}}]}}]}
    listed = """query ($filter: ContactFilter, $search: String) {
      contacts(filter: $filter, search: $search) { nodes { id } }
    }"""
    nested = (
        "query ($id: ID!, $filter: ContactFilter) { account(id: $id) { contacts(filter: $filter) { nodes { id } } } }"
    )
    reader = await sign_in(tenant, permissions={"contact:read", "account:read"})
    for asked in ({"filter": wanted}, {"filter": {"email": {"isNull": False}}}, {"search": "91982001"}):
        answer = await reader.run(listed, asked)
        assert (answer.codes, answer.data) == (["FORBIDDEN"], None)
        assert answer.errors[0]["extensions"]["permission"] == "contact:pii:read"
    answer = await reader.run(nested, {"id": gid(account), "filter": wanted})
    assert (answer.codes, answer.data) == (["FORBIDDEN"], {"account": None})
    found = [{"id": gid(person)}]
    assert (await reader.run(listed, {"filter": {"firstName": {"eq": "Asha"}}})).ok()["contacts"]["nodes"] == found
    trusted = await sign_in(tenant, permissions={"contact:read", "account:read", "contact:pii:read"})
    assert (await trusted.run(listed, {"filter": wanted})).ok()["contacts"]["nodes"] == found
    assert (await trusted.run(listed, {"search": "91982001"})).ok()["contacts"]["nodes"] == found


async def test_a_null_clears_or_leaves_the_default(store: Store, tenant: Tenant, sign_in: SignIn) -> None:
    client = await sign_in(tenant)
    cleared = dict.fromkeys(("tags", "customFields", "socialProfiles", "timezone", "locale", "customerValue"))
    payload = (await client.run(CREATE, {"input": {"firstName": "Asha", **cleared}})).ok()["contactCreate"]
    assert payload["errors"] == []
    person = await contacts.contact(store, tenant, tags=["vip"], custom_fields={"a": 1}, social_profiles={"x": "y"})
    wanted = {"id": gid(person), "tags": None, "customFields": None, "socialProfiles": None}
    assert (await client.run(UPDATE, {"input": wanted})).ok()["contactUpdate"]["errors"] == []
    stored = await store.get(Contact, tenant.id, person.id)
    assert stored is not None
    assert (stored.tags, stored.custom_fields, stored.social_profiles) == ([], {}, {})


async def test_a_number_without_country_code_is_read_as_one_of_the_country(tenant: Tenant, sign_in: SignIn) -> None:
    client = await sign_in(tenant)
    for country in ("in", " IN "):
        wanted = {"firstName": "Asha", "country": country, "phone": "098123 45678"}
        payload = (await client.run(CREATE, {"input": wanted})).ok()["contactCreate"]
        assert (payload["errors"], payload["contact"]["phone"]) == ([], "+919812345678")


async def test_what_a_person_cannot_be_is_refused_at_its_place(store: Store, tenant: Tenant, sign_in: SignIn) -> None:
    client = await sign_in(tenant)
    for field, wrong in (
        ("bornOn", "2026-11-21"),  # tomorrow
        ("bornOn", "1066-10-14"),
        ("phone", "+49123456789012345"),  # possible in Germany, and longer than E.164
        ("timezone", "Asia"),
        ("timezone", "../etc"),
        ("locale", "en_IN"),
        ("gender", "x" * 51),
        ("socialProfiles", ["x"]),
    ):
        payload = (await client.run(CREATE, {"input": {"firstName": "Asha", field: wrong}})).ok()["contactCreate"]
        assert [error["path"][:2] for error in payload["errors"]] == [["input", field]], (field, payload)
    assert await counts(store, tenant) == (0, 0, 0)


async def test_input_that_cannot_be_remembered_under_a_key_is_refused(
    store: Store, tenant: Tenant, sign_in: SignIn
) -> None:
    client = await sign_in(tenant)
    nested: Any = 1
    for _ in range(400):
        nested = [nested]
    wanted = {"firstName": "Asha", "idempotencyKey": "k", "customFields": {"a": nested}}
    payload = (await client.run(CREATE, {"input": wanted})).ok()["contactCreate"]
    assert [(error["code"], error["path"]) for error in payload["errors"]] == [("VALIDATION_FAILED", ["input"])]
    literal = '{ firstName: "Asha", idempotencyKey: "k", customFields: { a: 1000000000000000000000000 } }'
    answer = await client.run(f"mutation {{ contactCreate(input: {literal}) {{ errors {{ code }} }} }}")
    assert answer.ok()["contactCreate"]["errors"] == [{"code": "VALIDATION_FAILED"}]
    assert await counts(store, tenant) == (0, 0, 0)
