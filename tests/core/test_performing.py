"""One change, one transaction: all of it or nothing, once per key, again after a deadlock, numbered without gaps."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import func, select, text
from sqlalchemy.exc import DBAPIError

from db.compliance import AuditLogEntry
from db.contacts import Account, Contact
from db.core.base import TenantRow
from db.core.cluster import Addresses
from db.enums.events import EventType
from db.events import Event, IdempotencyRecord, TenantClock
from db.organizations import Tenant
from resolvers import rules
from resolvers.core.clock import FixedClock
from resolvers.core.context import Services
from resolvers.core.errors import Conflict, NotFound, TransitionRefused, ValidationFailed
from resolvers.core.wakeups import Wakeups
from resolvers.core.writes import ATTEMPTS, IDEMPOTENCY_HOURS, Outcome, Values, Write, perform
from resolvers.events import read_events
from tests.core.support import context_of, viewer_of
from tests.factories import contacts
from tests.support.pools import pool
from tests.support.store import Store

TRACES = (Event, AuditLogEntry, IdempotencyRecord, Contact)


async def add_contact(write: Write, values: Values) -> Mapping[str, TenantRow]:
    """Somebody new."""
    contact = write.add(Contact(first_name=values["first_name"]))
    write.record(EventType.CONTACT_CREATED, contact, subject_id=contact.id)
    return {"contact": contact}


async def issue_secret(write: Write, values: Values) -> Outcome:
    """Somebody new, with something that is shown once."""
    made = await add_contact(write, values)
    return Outcome(ids={"contact": made["contact"].id}, secrets={"secret": "shown once"})


@asynccontextmanager
async def another_process(services: Services, addresses: Addresses) -> AsyncIterator[Services]:
    """Services with a pool of their own."""
    database, wakeups = pool(addresses.app), Wakeups(addresses.app)
    yield Services(database, services.keyring, services.clock, wakeups)
    await wakeups.close()
    await database.close()


# -------------------------------------------------------------------------------------------------- idempotency keys


async def test_the_same_key_at_once_does_it_once(
    store: Store, tenant: Tenant, services: Services, database_urls: Addresses
) -> None:
    viewer = viewer_of(tenant)
    async with another_process(services, database_urls) as other:
        outcomes = await asyncio.gather(
            *(
                perform(
                    context_of((services, other)[number % 2], tenant, viewer),
                    "test",
                    add_contact,
                    {"first_name": "Ada"},
                    idempotency_key="k",
                )
                for number in range(12)
            )
        )
    assert [outcome.errors for outcome in outcomes] == [[]] * 12
    assert {outcome.ids["contact"] for outcome in outcomes} == {outcomes[0].ids["contact"]}
    assert {outcome.position for outcome in outcomes} == {1}
    assert sorted(outcome.is_replay for outcome in outcomes) == [False] + [True] * 11
    assert await store.counts(tenant, *TRACES) == [1, 1, 1, 1]


async def test_a_key_with_other_input_or_for_another_change_is_a_conflict(
    store: Store, tenant: Tenant, services: Services
) -> None:
    viewer = viewer_of(tenant)

    async def ask(mutation: str, first_name: str) -> Outcome:
        values = {"first_name": first_name}
        return await perform(context_of(services, tenant, viewer), mutation, add_contact, values, idempotency_key="k")

    assert (await ask("test", "Ada")).errors == []
    for mutation, first_name in (("test", "Bea"), ("another", "Ada")):
        [refusal] = (await ask(mutation, first_name)).errors
        assert isinstance(refusal, Conflict)
        assert refusal.path == ("input", "idempotencyKey")
    assert await store.counts(tenant, *TRACES) == [1, 1, 1, 1]


async def test_a_key_is_each_credentials_own_and_ends_after_a_day(
    store: Store, tenant: Tenant, other_tenant: Tenant, services: Services, clock: FixedClock
) -> None:
    viewer = viewer_of(tenant)

    async def ask(who: Any, where: Tenant, first_name: str = "Ada") -> Outcome:
        values = {"first_name": first_name}
        return await perform(context_of(services, where, who), "test", add_contact, values, idempotency_key="k")

    assert not (await ask(viewer, tenant)).is_replay
    assert not (await ask(viewer_of(tenant), tenant)).is_replay
    assert not (await ask(viewer_of(other_tenant), other_tenant)).is_replay
    clock.instant += timedelta(hours=IDEMPOTENCY_HOURS) - timedelta(seconds=1)
    assert (await ask(viewer, tenant)).is_replay
    clock.instant += timedelta(seconds=1)
    assert not (await ask(viewer, tenant, "Bea")).is_replay
    assert (await ask(viewer, tenant, "Bea")).is_replay
    assert await store.counts(tenant, *TRACES) == [3, 3, 2, 3]


async def test_a_replay_shows_no_secret_and_stores_none(store: Store, tenant: Tenant, services: Services) -> None:
    viewer = viewer_of(tenant)
    first, again = [
        await perform(
            context_of(services, tenant, viewer), "test", issue_secret, {"first_name": "Ada"}, idempotency_key="k"
        )
        for _ in range(2)
    ]
    assert first.secrets == {"secret": "shown once"}
    assert (again.secrets, again.ids, again.is_replay) == ({}, first.ids, True)
    records = select(func.row_to_json(text("idempotency_records.*"))).select_from(IdempotencyRecord)
    [stored] = await store.all(records.where(IdempotencyRecord.tenant_id == tenant.id))
    assert "shown once" not in str(stored)


async def test_a_refused_change_leaves_its_key_free(store: Store, tenant: Tenant, services: Services) -> None:
    viewer, is_refused = viewer_of(tenant), True

    async def refuse_at_first(write: Write, values: Values) -> Mapping[str, TenantRow]:
        made = await add_contact(write, values)
        if is_refused:
            raise ValidationFailed("Not now.", ("input", "firstName"))
        return made

    async def ask() -> Outcome:
        values = {"first_name": "Ada"}
        return await perform(context_of(services, tenant, viewer), "test", refuse_at_first, values, idempotency_key="k")

    assert [str(refusal) for refusal in (await ask()).errors] == ["Not now."]
    assert await store.counts(tenant, *TRACES) == [0, 0, 0, 0]
    is_refused = False
    assert (await ask()).errors == []
    assert await store.counts(tenant, *TRACES) == [1, 1, 1, 1]


# --------------------------------------------------------------------------------------------------- all or nothing


REFUSALS: list[tuple[Exception, type[Exception]]] = [
    (NotFound("Gone.", ("input", "id")), NotFound),
    (rules.Invalid(("first_name",), "must be another", "NOT_ALLOWED"), ValidationFailed),
    (rules.IllegalTransition("OPEN", "WON", ("LOST",)), TransitionRefused),
]


@pytest.mark.parametrize(("raised", "kind"), REFUSALS, ids=lambda value: getattr(value, "__name__", ""))
async def test_what_is_refused_leaves_nothing(
    store: Store, tenant: Tenant, services: Services, raised: Exception, kind: type[Exception]
) -> None:
    async def act(write: Write, values: Values) -> Mapping[str, TenantRow]:
        await add_contact(write, values)
        await write.session.flush()
        raise raised

    outcome = await perform(context_of(services, tenant), "test", act, {"first_name": "Ada"}, idempotency_key="k")
    assert [type(error) for error in outcome.errors] == [kind]
    assert (outcome.ids, outcome.position) == ({}, None)
    assert await store.counts(tenant, *TRACES) == [0, 0, 0, 0]
    assert await last_position(store, tenant) == 0


async def test_what_breaks_leaves_nothing_and_is_raised(store: Store, tenant: Tenant, services: Services) -> None:
    async def act(write: Write, values: Values) -> Mapping[str, TenantRow]:
        await add_contact(write, values)
        await write.session.flush()
        raise RuntimeError("a defect")

    with pytest.raises(RuntimeError, match="a defect"):
        await perform(context_of(services, tenant), "test", act, {"first_name": "Ada"}, idempotency_key="k")
    assert await store.counts(tenant, *TRACES) == [0, 0, 0, 0]
    assert await last_position(store, tenant) == 0


async def test_a_constraint_that_is_broken_in_the_end_leaves_nothing(
    store: Store, tenant: Tenant, services: Services
) -> None:
    async def act(write: Write, values: Values) -> Mapping[str, TenantRow]:
        made = await add_contact(write, values)
        write.add(Contact())  # has no name
        return made

    outcome = await perform(context_of(services, tenant), "test", act, {"first_name": "Ada"})
    assert [type(error) for error in outcome.errors] == [ValidationFailed]
    assert await store.counts(tenant, *TRACES) == [0, 0, 0, 0]


async def last_position(store: Store, tenant: Tenant) -> int:
    [found] = await store.all(select(TenantClock.last_position).where(TenantClock.tenant_id == tenant.id))
    return int(found)


# ------------------------------------------------------------------------------------------------ versions and locks


async def test_a_version_counts_once_per_change_and_not_for_nothing(
    store: Store, tenant: Tenant, services: Services, clock: FixedClock
) -> None:
    account = await contacts.account(store, tenant, name="Old")

    async def rename(write: Write, values: Values) -> Mapping[str, TenantRow]:
        row = await write.lock(Account, account.id, version=values.get("expected_version"))
        changed = [write.change(row, {"name": name, "industry": None}) for name in values["names"]]
        assert changed == values["changed"]
        if any(changed):
            write.record(EventType.CONTACT_UPDATED, row)
        return {"account": row}

    async def ask(**values: Any) -> Outcome:
        return await perform(context_of(services, tenant), "test", rename, values)

    clock.instant += timedelta(hours=1)
    assert (await ask(names=["Old"], changed=[()])).position is None
    stored = await store.get(Account, tenant.id, account.id)
    assert stored is not None
    assert (stored.version, stored.updated_at) == (1, account.updated_at)
    assert (await ask(names=["New", "Newer"], changed=[("name",), ("name",)], expected_version=1)).errors == []
    stored = await store.get(Account, tenant.id, account.id)
    assert stored is not None
    assert (stored.name, stored.version, stored.updated_at) == ("Newer", 2, clock.instant)
    [refusal] = (await ask(names=["Newest"], changed=[("name",)], expected_version=1)).errors
    assert isinstance(refusal, Conflict)
    assert (refusal.type_name, refusal.object_id) == ("Account", account.id)


async def test_of_two_at_the_same_version_one_wins(
    store: Store, tenant: Tenant, services: Services, database_urls: Addresses
) -> None:
    account = await contacts.account(store, tenant)

    async def rename(write: Write, values: Values) -> Mapping[str, TenantRow]:
        row = await write.lock(Account, account.id, version=1)
        await asyncio.sleep(0.05)
        write.change(row, values)
        return {"account": row}

    async with another_process(services, database_urls) as other:
        outcomes = await asyncio.gather(
            *(
                perform(context_of((services, other)[number % 2], tenant), "test", rename, {"name": f"Name {number}"})
                for number in range(8)
            )
        )
    assert sorted(len(outcome.errors) for outcome in outcomes) == [0] + [1] * 7
    assert {type(error) for outcome in outcomes for error in outcome.errors} == {Conflict}
    stored = await store.get(Account, tenant.id, account.id)
    assert stored is not None
    assert stored.version == 2


async def test_a_deadlock_is_tried_again(store: Store, tenant: Tenant, services: Services) -> None:
    """Two changes lock two rows crosswise: PostgreSQL ends one of them, which then finds the way free."""
    ids = [(await contacts.account(store, tenant)).id for _ in range(2)]
    both_hold_one, one_holds_both = asyncio.Barrier(2), asyncio.Event()
    tries: list[int] = []

    async def lock_both(write: Write, values: Values) -> Mapping[str, TenantRow]:
        tries.append(values["number"])
        first, second = ids if values["number"] == 0 else ids[::-1]
        is_again = len(tries) > 2
        if is_again:
            await one_holds_both.wait()  # else it might take its first row before the other one wakes up
        await write.lock(Account, first)
        if not is_again:
            await both_hold_one.wait()
        row = await write.lock(Account, second)
        one_holds_both.set()
        write.change(row, {"description": f"by {values['number']}"})
        write.record(EventType.CONTACT_UPDATED, row)
        return {"account": row}

    changes = [perform(context_of(services, tenant), "test", lock_both, {"number": number}) for number in range(2)]
    outcomes = await asyncio.wait_for(asyncio.gather(*changes), 50)
    assert [outcome.errors for outcome in outcomes] == [[], []]
    assert len(tries) == 3
    assert sorted(outcome.position or 0 for outcome in outcomes) == [1, 2]


@pytest.mark.parametrize(("sqlstate", "tries"), [("40001", ATTEMPTS), ("40P01", ATTEMPTS), ("55P03", 1)])
async def test_what_loses_every_time_is_given_up(
    store: Store, tenant: Tenant, services: Services, sqlstate: str, tries: int
) -> None:
    tried = 0

    async def lose(write: Write, values: Values) -> Mapping[str, TenantRow]:
        nonlocal tried
        tried += 1
        made = await add_contact(write, values)
        await write.session.execute(text(f"DO $$ BEGIN RAISE EXCEPTION 'lost' USING ERRCODE = '{sqlstate}'; END $$"))
        return made

    with pytest.raises(DBAPIError):
        await perform(context_of(services, tenant), "test", lose, {"first_name": "Ada"}, idempotency_key="k")
    assert tried == tries
    assert await store.counts(tenant, *TRACES) == [0, 0, 0, 0]


# --------------------------------------------------------------------------------------------------------- positions


async def test_positions_have_no_gaps_whoever_writes_at_once_and_follow_the_commits(
    store: Store, tenant: Tenant, services: Services, database_urls: Addresses
) -> None:
    """Thirty writers of one tenant in two processes, some refused; a reader never sees a hole in the log."""
    writers, refused = 30, {3, 11, 29}

    async def act(write: Write, values: Values) -> Mapping[str, TenantRow]:
        made = await add_contact(write, values)
        await asyncio.sleep(0.001 * (values["number"] * 7 % 10))
        for _ in range(values["number"] % 3):
            write.record(EventType.CONTACT_UPDATED, made["contact"])
        if values["number"] in refused:
            raise ValidationFailed("No.")
        return made

    async def follow(until: asyncio.Event) -> list[list[int]]:
        seen: list[list[int]] = []
        while not until.is_set():
            found = await read_events(services.database, tenant.id, 0, 1000)
            seen.append([event.position for event in found.events])
            assert found.last_position == len(found.events)
            await asyncio.sleep(0)
        return seen

    async with another_process(services, database_urls) as other:
        is_done = asyncio.Event()
        follower = asyncio.create_task(follow(is_done))
        outcomes = await asyncio.gather(
            *(
                perform(
                    context_of((services, other)[number % 2], tenant),
                    "test",
                    act,
                    {"first_name": f"Ada {number}", "number": number},
                )
                for number in range(writers)
            )
        )
        is_done.set()
        seen = await follower
    expected = sum(1 + number % 3 for number in range(writers) if number not in refused)
    events = await store.events(tenant)
    assert [event.position for event in events] == list(range(1, expected + 1))
    assert await last_position(store, tenant) == expected
    assert all(positions == list(range(1, len(positions) + 1)) for positions in seen)
    assert [len(positions) for positions in seen] == sorted(len(positions) for positions in seen)
    told = {outcome.ids["contact"]: outcome.position for outcome in outcomes if not outcome.errors}
    assert len(told) == writers - len(refused)
    last: dict[UUID, int] = {event.object_id: event.position for event in events}
    assert told == last
    assert await store.counts(tenant, AuditLogEntry) == [expected]


async def test_a_change_that_records_nothing_takes_no_position(
    store: Store, tenant: Tenant, services: Services
) -> None:
    async def look(write: Write, _: Values) -> Outcome:
        return Outcome()

    assert (await perform(context_of(services, tenant), "test", look, {})).position is None
    assert (await perform(context_of(services, tenant), "test", look, {}, idempotency_key="k")).position is None
    assert await last_position(store, tenant) == 0


async def test_what_falls_due_is_told_to_the_tenants_clock_the_earliest_counts(
    store: Store, tenant: Tenant, services: Services, clock: FixedClock
) -> None:
    async def promise(write: Write, values: Values) -> Outcome:
        for hours in values["hours"]:
            write.due_at(None if hours is None else write.now + timedelta(hours=hours))
        return Outcome()

    for hours, earliest in (([None], None), ([5, 3, 4], 3), ([None, 6], 3), ([1], 1)):
        await perform(context_of(services, tenant), "test", promise, {"hours": hours})
        [due] = await store.all(select(TenantClock.next_due_at).where(TenantClock.tenant_id == tenant.id))
        assert due == (None if earliest is None else clock.instant + timedelta(hours=earliest))
