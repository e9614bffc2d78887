"""Pages by keyset: walked either way they show every row once, and a cursor is taken for what it is."""

import asyncio
import base64
import uuid
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from datetime import UTC
from typing import Any, Final

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import BigInteger, Column, Date, DateTime, Double, Integer, Text, Uuid, delete

from db.contacts import Contact
from db.organizations import Tenant
from resolvers.core.context import Context, Services
from resolvers.core.errors import BadUserInput, InvalidCursor
from resolvers.core.filtering import Comparison, Every
from resolvers.core.pagination import (
    MAX_SIZE,
    Page,
    PageArgs,
    decode_cursor,
    encode_cursor,
    list_page,
)
from resolvers.loaders.contacts import contacts as listing
from resolvers.loaders.contacts import contacts_by_account
from tests.core.support import context_of
from tests.factories import contacts, organizations
from tests.support.fixtures import SignIn
from tests.support.store import START, Store

TYPES: Final[dict[Any, st.SearchStrategy[Any]]] = {
    Integer: st.integers(-(2**31), 2**31 - 1),
    BigInteger: st.integers(-(2**63), 2**63 - 1),
    Double: st.floats(allow_nan=False, allow_infinity=False),
    Text: st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")),
    Uuid: st.uuids(),
    Date: st.dates(),
    DateTime: st.datetimes(timezones=st.just(UTC)),
}
ANY_ID: Final = uuid.UUID(int=1)


def column_of(type_: Any) -> Column[Any]:
    return Column("value", DateTime(timezone=True) if type_ is DateTime else type_())


@pytest.mark.parametrize("type_", TYPES, ids=lambda type_: type_.__name__)
@given(data=st.data())
def test_a_cursor_holds_any_value_of_its_column(type_: Any, data: st.DataObject) -> None:
    value, row_id = data.draw(TYPES[type_]), data.draw(st.uuids())
    cursor = encode_cursor("ORDER", value, row_id)
    assert decode_cursor(cursor, "ORDER", column_of(type_)) == (value, row_id)
    assert cursor.isascii()
    with pytest.raises(InvalidCursor):
        decode_cursor(cursor, "ANOTHER", column_of(type_))


@pytest.mark.parametrize("type_", TYPES, ids=lambda type_: type_.__name__)
@given(text=st.text(max_size=60) | st.binary(max_size=60).map(lambda raw: base64.urlsafe_b64encode(raw).decode()))
def test_no_text_but_a_cursor_is_one(type_: Any, text: str) -> None:
    with pytest.raises(InvalidCursor):
        decode_cursor(text, "ORDER", column_of(type_))


json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=4,
)


@pytest.mark.parametrize("type_", TYPES, ids=lambda type_: type_.__name__)
@given(value=json_values, row_id=json_values)
def test_a_forged_cursor_is_refused_or_of_the_columns_type(type_: Any, value: Any, row_id: Any) -> None:
    column = column_of(type_)
    for forged in ([value, str(ANY_ID)], [value, row_id], value):
        packed = orjson.dumps(["ORDER", *forged] if isinstance(forged, list) else forged)
        try:
            found, _ = decode_cursor(base64.urlsafe_b64encode(packed).decode(), "ORDER", column)
        except InvalidCursor:
            continue
        assert type(found) is column.type.python_type


FORGED: Final = (
    ("LEAD_SCORE", 2**31),
    ("LEAD_SCORE", -(2**63)),
    ("LEAD_SCORE", 2**64 - 1),
    ("CREATED_AT", "0001-01-01T00:00:00+23:59"),
    ("CREATED_AT", "9999-12-31T23:59:59.999999-23:59"),
    ("CREATED_AT", "2026-11-20"),
    ("CREATED_AT", "2026-W47-5T00:00:00Z"),
)


@pytest.mark.parametrize(("order", "value"), FORGED)
async def test_a_forged_cursor_beyond_its_columns_range_is_the_clients_mistake(
    store: Store, tenant: Tenant, sign_in: SignIn, order: str, value: Any
) -> None:
    await contacts.contact(store, tenant)
    client = await sign_in(tenant)
    cursor = base64.urlsafe_b64encode(orjson.dumps([order, value, str(ANY_ID)])).decode()
    query = "query ($after: String, $by: ContactOrder) { contacts(after: $after, orderBy: $by) { nodes { id } } }"
    answer = await client.run(query, {"after": cursor, "by": {"field": order}})
    assert answer.codes in ([], ["INVALID_CURSOR"], ["BAD_USER_INPUT"])


# ----------------------------------------------------------------------------------------------------------- walks


@pytest.fixture(scope="session")
async def people(store: Store) -> tuple[Tenant, list[Contact]]:
    """A tenant with contacts of whom many have the same score and the same time."""
    tenant = await organizations.tenant(store)
    made = [
        await contacts.contact(store, tenant, lead_score=number * 7 % 4, created_at=START.replace(minute=number % 3))
        for number in range(23)
    ]
    return tenant, made


@pytest.fixture
async def context(services: Services, people: tuple[Tenant, list[Contact]]) -> AsyncIterator[Context]:
    """An operation in the tenant of the people."""
    made = context_of(services, people[0])
    yield made
    await made.close()


def in_order(rows: Sequence[Contact], order: str, is_descending: bool) -> list[uuid.UUID]:
    key = listing.orders[order].key
    return [row.id for row in sorted(rows, key=lambda row: (getattr(row, key), row.id), reverse=is_descending)]


def ids(page: Page[Contact]) -> list[uuid.UUID]:
    return [row.id for row in page.rows]


walks = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
orders = st.sampled_from(sorted(listing.orders))


@walks
@given(order=orders, is_descending=st.booleans(), size=st.integers(1, 25))
async def test_a_walk_shows_every_row_once_in_order(
    context: Context, people: tuple[Tenant, list[Contact]], order: str, is_descending: bool, size: int
) -> None:
    expected, seen, after = in_order(people[1], order, is_descending), list[uuid.UUID](), None
    while True:
        args = PageArgs(first=size, after=after, order=order, is_descending=is_descending)
        page = await list_page(context, listing, args)
        assert page.has_previous_page == (after is not None)
        assert await page.count() == len(expected)
        seen += ids(page)
        if not page.has_next_page:
            break
        assert len(page.rows) == size
        after = page.cursor(page.rows[-1])
    assert seen == expected


@walks
@given(order=orders, is_descending=st.booleans(), size=st.integers(1, 25))
async def test_a_walk_from_the_end_shows_the_same(
    context: Context, people: tuple[Tenant, list[Contact]], order: str, is_descending: bool, size: int
) -> None:
    expected, seen, before = in_order(people[1], order, is_descending), list[uuid.UUID](), None
    while True:
        args = PageArgs(last=size, before=before, order=order, is_descending=is_descending)
        page = await list_page(context, listing, args)
        assert page.has_next_page == (before is not None)
        seen = ids(page) + seen
        if not page.has_previous_page:
            break
        assert len(page.rows) == size
        before = page.cursor(page.rows[0])
    assert seen == expected


@walks
@given(
    order=orders,
    is_descending=st.booleans(),
    start=st.integers(0, 22),
    end=st.integers(0, 22),
    size=st.integers(0, 25),
    is_backward=st.booleans(),
)
async def test_a_window_between_two_cursors_is_what_lies_between(
    context: Context,
    people: tuple[Tenant, list[Contact]],
    order: str,
    is_descending: bool,
    start: int,
    end: int,
    size: int,
    is_backward: bool,
) -> None:
    rows = {row.id: row for row in people[1]}
    expected = in_order(people[1], order, is_descending)
    key = listing.orders[order].key
    after, before = [
        encode_cursor(order, getattr(rows[expected[place]], key), expected[place]) for place in (start, end)
    ]
    args = PageArgs(
        first=None if is_backward else size,
        last=size if is_backward else None,
        after=after,
        before=before,
        order=order,
        is_descending=is_descending,
    )
    page = await list_page(context, listing, args)
    between = expected[start + 1 : end]
    assert ids(page) == (between[max(len(between) - size, 0) :] if is_backward else between[:size])
    more = page.has_previous_page if is_backward else page.has_next_page
    assert more == (len(between) > size)


async def test_a_cursor_stays_good_when_its_row_is_gone(store: Store, tenant: Tenant, services: Services) -> None:
    made = [await contacts.contact(store, tenant, lead_score=5) for _ in range(3)]
    context = context_of(services, tenant)
    first = await list_page(context, listing, PageArgs(first=2, order="LEAD_SCORE"))
    cursor = first.cursor(first.rows[-1])
    await store.execute(delete(Contact).where(Contact.tenant_id == tenant.id, Contact.id == made[1].id))
    await context.forget_reads()
    rest = await list_page(context, listing, PageArgs(first=2, after=cursor, order="LEAD_SCORE"))
    assert ids(rest) == [made[2].id]
    await context.close()


@pytest.mark.parametrize(
    "args",
    [
        PageArgs(first=3, order="LEAD_SCORE"),
        PageArgs(last=3, order="LEAD_SCORE", is_descending=True),
        PageArgs(first=1, condition=Comparison("lead_score", "eq", 1)),
    ],
    ids=["first", "last", "filtered"],
)
async def test_the_pages_of_many_parents_are_each_parents_own_in_one_statement(
    store: Store, tenant: Tenant, services: Services, args: PageArgs
) -> None:
    accounts = [await contacts.account(store, tenant) for _ in range(4)]
    for account, number in zip(accounts, (0, 2, 5), strict=False):
        for each in range(number):
            await contacts.contact(store, tenant, account_id=account.id, lead_score=each % 2)
    context = context_of(services, tenant)
    statements: list[str] = []
    services.database.observers.append(statements.append)
    pages = await asyncio.gather(*(contacts_by_account.load(context, account.id, args) for account in accounts))
    counts = await asyncio.gather(*(page.count() for page in pages))
    services.database.observers.remove(statements.append)
    assert sum("unnest" in each for each in statements) == 2  # the pages, and the counts
    for account, page, count in zip(accounts, pages, counts, strict=True):
        of_account = Comparison("account_id", "eq", account.id)
        condition = Every((of_account, args.condition)) if args.condition else of_account
        alone = await list_page(context, listing, replace(args, condition=condition))
        assert ids(page) == ids(alone)
        assert (page.has_next_page, page.has_previous_page) == (alone.has_next_page, alone.has_previous_page)
        assert count == await alone.count()
    await context.close()


@pytest.mark.parametrize(
    ("first", "last", "named"),
    [(-1, None, "first"), (None, -1, "last"), (MAX_SIZE + 1, None, "first"), (1, 1, "first")],
)
def test_a_page_of_no_size_is_refused(first: int | None, last: int | None, named: str) -> None:
    with pytest.raises(BadUserInput) as refused:
        PageArgs(first=first, last=last)
    assert refused.value.path == (named,)
