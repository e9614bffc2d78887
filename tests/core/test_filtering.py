"""Filters: what PostgreSQL finds for a tree of conditions is what the tree says, nulls and amounts included."""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Final

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select, text

from db.contacts import Contact
from db.core.session import Database
from db.enums.contacts import CustomerValue
from db.organizations import Tenant
from resolvers.core.errors import BadUserInput
from resolvers.core.filtering import (
    MAX_LIST,
    MAX_NODES,
    Comparison,
    Condition,
    Every,
    MinorUnits,
    Negation,
    Parameter,
    Some,
    parameterise,
    shape_to_sql,
    words_to_tsquery,
)
from tests.factories import contacts, organizations
from tests.support.store import START, Store

COLUMNS: Final[Mapping[str, Any]] = {
    "city": Contact.city,
    "lead_score": Contact.lead_score,
    "tags": Contact.tags,
    "customer_value": Contact.customer_value,
    "last_activity_at": Contact.last_activity_at,
}
TIMES: Final = [START + timedelta(hours=each) for each in range(3)]
VALUES: Final[Mapping[str, list[Any]]] = {
    "city": ["", "Pune", "Pu", "Goa"],
    "lead_score": [0, 1, 50],
    "customer_value": list(CustomerValue)[:3],
    "last_activity_at": TIMES,
}
OPERATORS: Final[Mapping[str, tuple[str, ...]]] = {
    "city": ("eq", "ne", "in_", "starts_with", "is_null"),
    "lead_score": ("eq", "gt", "gte", "lt", "lte", "is_null"),
    "customer_value": ("eq", "ne", "in_", "not_in", "is_null"),
    "last_activity_at": ("gt", "gte", "lt", "lte", "is_null"),
    "tags": ("has",),
}


def comparisons() -> st.SearchStrategy[Condition]:
    def of(field: str, operator: str) -> st.SearchStrategy[Condition]:
        if operator == "has":
            value: st.SearchStrategy[Any] = st.sampled_from(["a", "b", "c"])
        elif operator == "is_null":
            value = st.booleans()
        else:
            value = st.sampled_from(VALUES[field])
            if operator in {"in_", "not_in"}:
                value = st.lists(value, max_size=3).map(tuple)
            elif operator in {"eq", "ne"}:
                value = st.none() | value
        return value.map(lambda chosen: Comparison(field, operator, chosen))

    return st.one_of([of(field, operator) for field, names in OPERATORS.items() for operator in names])


def trees() -> st.SearchStrategy[Condition]:
    def above(parts: st.SearchStrategy[Condition]) -> st.SearchStrategy[Condition]:
        several = st.lists(parts, max_size=3).map(tuple)
        return several.map(Every) | several.map(Some) | parts.map(Negation)

    return st.recursive(comparisons(), above, max_leaves=8)


def holds(condition: Condition, row: Contact) -> bool | None:
    """What SQL makes of the condition: true, false, or null."""
    match condition:
        case Every(parts):
            found = [holds(part, row) for part in parts]
            return False if False in found else None if None in found else True
        case Some(parts):
            found = [holds(part, row) for part in parts]
            return True if True in found else None if None in found else False
        case Negation(part):
            return holds(part, row) is not True
        case Comparison(field, operator, value):
            return compares(operator, getattr(row, field), value)


SIMPLE: Final[Mapping[str, Callable[[Any, Any], bool]]] = {
    "eq": lambda stored, value: stored == value,
    "in_": lambda stored, value: stored in value,
    "not_in": lambda stored, value: stored not in value,
    "gt": lambda stored, value: stored > value,
    "gte": lambda stored, value: stored >= value,
    "lt": lambda stored, value: stored < value,
    "lte": lambda stored, value: stored <= value,
    "starts_with": lambda stored, value: stored.startswith(value),
    "has": lambda stored, value: value in stored,
}


def compares(operator: str, stored: Any, value: Any) -> bool | None:
    if operator == "is_null":
        return (stored is None) == bool(value)
    if value is None:
        return (stored is None) == (operator == "eq")
    if operator == "ne":
        return bool(stored != value)
    if operator in {"in_", "not_in"} and value == ():
        return operator == "not_in"
    return None if stored is None else SIMPLE[operator](stored, value)


@pytest.fixture(scope="session")
async def people(store: Store) -> tuple[Tenant, list[Contact]]:
    """A tenant with contacts of many kinds, some without what is compared."""
    tenant = await organizations.tenant(store)
    cities: list[str | None] = [None, "", "Pune", "Pu", "Goa"]
    times: list[datetime | None] = [None, *TIMES]
    found = [
        await contacts.contact(
            store,
            tenant,
            city=cities[number % 5],
            lead_score=[0, 1, 50, 51][number % 4],
            tags=[[], ["a"], ["a", "b"]][number % 3],
            customer_value=list(CustomerValue)[number % 4],
            last_activity_at=times[number % 4],
        )
        for number in range(20)
    ]
    return tenant, found


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(condition=trees())
async def test_a_tree_of_conditions_finds_what_it_says(
    people: tuple[Tenant, list[Contact]], database: Database, condition: Condition
) -> None:
    tenant, rows = people
    values: dict[str, Any] = {}
    shape = parameterise(condition, COLUMNS, values)
    statement = select(Contact.id).where(shape_to_sql(shape, COLUMNS))
    async with database.reads(tenant.id) as reads:
        found = set(await reads.scalars(statement, values))
    assert found == {row.id for row in rows if holds(condition, row)}


@given(condition=trees())
def test_a_condition_is_split_from_its_values(condition: Condition) -> None:
    """The shape is what statements are kept by: it is hashable, and no value is left in it that is not a null."""
    values: dict[str, Any] = {}
    shape = parameterise(condition, COLUMNS, values)
    assert hash(shape) == hash(parameterise(condition, COLUMNS, {}))
    left = [each for each in leaves(shape) if not isinstance(each.value, Parameter)]
    assert all(each.value is None or each.operator == "is_null" for each in left)
    names = [each.value.name for each in leaves(shape) if isinstance(each.value, Parameter)]
    assert sorted(names) == sorted(values)


def leaves(condition: Condition) -> list[Comparison]:
    match condition:
        case Comparison():
            return [condition]
        case Negation(part):
            return leaves(part)
        case Every(parts) | Some(parts):
            return [leaf for part in parts for leaf in leaves(part)]


def test_two_filters_that_differ_in_their_values_alone_have_one_shape() -> None:
    one, other = [
        parameterise(
            Every((Comparison("city", "eq", city), Negation(Comparison("lead_score", "in_", scores)))), COLUMNS, {}
        )
        for city, scores in (("Goa", (1,)), ("Pune", (2, 3)))
    ]
    assert one == other


def test_a_filter_is_bounded() -> None:
    nodes = Every(tuple(Comparison("city", "eq", "x") for _ in range(MAX_NODES - 1)))
    parameterise(nodes, COLUMNS, {})
    with pytest.raises(BadUserInput, match=str(MAX_NODES)):
        parameterise(Negation(nodes), COLUMNS, {})
    parameterise(Comparison("city", "in_", ("x",) * MAX_LIST), COLUMNS, {})
    with pytest.raises(BadUserInput, match=str(MAX_LIST + 1)):
        parameterise(Comparison("city", "in_", ("x",) * (MAX_LIST + 1)), COLUMNS, {})


SYNTAX: Final = "ab'\\:*&|!()<-> \0\t"  # all that means something in a tsquery

amounts = st.decimals(-10_000, 10_000, places=2)


@given(stored=amounts, value=amounts | st.decimals(-10_000, 10_000, places=4), operator=st.sampled_from(sorted(SIMPLE)))
def test_an_amount_compared_in_hundredths_compares_as_itself(stored: Decimal, value: Decimal, operator: str) -> None:
    if operator not in {"eq", "gt", "gte", "lt", "lte"}:
        return
    scaled = MinorUnits(None).scaled(Comparison("amount", operator, value))
    hundredths = int(stored * 100)
    found = SIMPLE[scaled.operator](hundredths, scaled.value) if isinstance(scaled, Comparison) else scaled == Every(())
    assert found == SIMPLE[operator](stored, value)


@given(value=st.decimals(-10_000, 10_000, places=4))
def test_an_amount_is_another_one_unless_it_is_the_same_hundredths(value: Decimal) -> None:
    scaled = MinorUnits(None).scaled(Comparison("amount", "ne", value))
    whole = value * 100 == int(value * 100)
    assert scaled == (Comparison("amount", "ne", int(value * 100)) if whole else Every(()))


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(search=st.text(st.characters(exclude_categories=["Cs"]), max_size=40) | st.text(SYNTAX, max_size=20))
async def test_whatever_is_searched_for_is_words_or_nothing(
    people: tuple[Tenant, list[Contact]], database: Database, search: str
) -> None:
    """No syntax of tsquery gets through: PostgreSQL sees only the `&` between words, and the order within one."""
    query = words_to_tsquery(search)
    if query is None:
        assert not any(letter.isalnum() for letter in search.replace("\0", ""))
        return
    async with database.engine.connect() as connection:
        parsed = await connection.scalar(text("SELECT to_tsquery('simple', :query)::text"), {"query": query})
    unquoted = "".join(part for part in parsed.split("'")[::2])
    assert set(unquoted) <= set(":* &<->0123456789"), (search, query, parsed)


def test_at_most_ten_words_count() -> None:
    assert words_to_tsquery(" ".join("abcdefghijkl")) == " & ".join(f"'{word}':*" for word in "abcdefghij")
