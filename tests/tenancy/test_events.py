"""The event log of one tenant tells nothing of another's: read directly, and through every subscription."""

import asyncio
from collections.abc import Iterable
from typing import Any
from uuid import UUID

import orjson
import pytest
from graphql import GraphQLUnionType, get_named_type
from sqlalchemy import update
from structlog.testing import capture_logs

from db.enums.events import ActorKind, EventType
from db.events import Event, TenantClock
from gql.core.subscriptions import Live
from gql.execution.run import Executor, dumps
from gql.subscriptions.dispatcher import Dispatcher
from gql.subscriptions.opening import Asked
from resolvers.core.context import Context
from resolvers.events import positions, read_events
from tests.support.schema import declared, root_type, source_of
from tests.tenancy.conftest import EnterWorld
from tests.tenancy.worlds import PROTECTED, Inhabitant, Locks, World, viewer_of

behind_each_lock = pytest.mark.parametrize("locks", PROTECTED, ids=lambda locks: locks.value)
SUBSCRIPTIONS = sorted(root_type("Subscription").fields)


def followed(name: str) -> tuple[str, EventType]:
    """The type of the objects that a subscription follows, and an event that it tells."""
    source = source_of(root_type("Subscription").fields[name])
    assert isinstance(source, Live)
    return source.loader.row.__name__, min(source.types)


async def with_events(world: World) -> World:
    """One event per subscription in each tenant, about the tenant's own row: the twin's has the id of A's."""
    for inhabitant in (world.a, *world.others.values()):
        if await world.store.get(Event, inhabitant.tenant.id, 1) is None:  # type: ignore[arg-type]  # its key is a number
            await _fill(world, inhabitant)
    return world


async def _fill(world: World, inhabitant: Inhabitant) -> None:
    tenant_id = inhabitant.tenant.id
    for position, name in enumerate(SUBSCRIPTIONS, start=1):
        type_name, type_ = followed(name)
        row = inhabitant.rows[type_name]
        event = Event(
            tenant_id=tenant_id,
            position=position,
            type=type_,
            object_type=type_name,
            object_id=row.id,
            payload={"changed": [inhabitant.word]},
            actor_kind=ActorKind.SYSTEM,
            occurred_at=row.created_at,
        )
        await world.store.add(event)
    clock = update(TenantClock).where(TenantClock.tenant_id == tenant_id).values(last_position=len(SUBSCRIPTIONS))
    await world.store.execute(clock)


def told(events: Iterable[Any]) -> list[tuple[UUID, str]]:
    """Whose events these are, and what they say."""
    return [(event.tenant_id, event.payload["changed"][0]) for event in events]


@behind_each_lock
async def test_the_log_is_read_by_its_tenant_alone(enter: EnterWorld, locks: Locks) -> None:
    world = await with_events(await enter(locks, "events"))
    for inhabitant in (world.a, *world.others.values()):
        tenant_id = inhabitant.tenant.id
        found = await read_events(world.database, tenant_id, 0, 100)
        assert told(found.events) == [(tenant_id, inhabitant.word)] * len(SUBSCRIPTIONS)
        assert await positions(world.database, tenant_id) == (1, len(SUBSCRIPTIONS))
        assert (found.first_position, found.last_position) == (1, len(SUBSCRIPTIONS))


async def test_behind_no_lock_the_log_tells_of_everybody(enter: EnterWorld) -> None:
    world = await with_events(await enter(Locks.NONE, "events"))
    found = await read_events(world.database, world.a.tenant.id, 0, 1000)
    assert {tenant_id for tenant_id, _ in told(found.events)} == {
        each.tenant.id for each in (world.a, *world.others.values())
    }


@behind_each_lock
@pytest.mark.parametrize("name", SUBSCRIPTIONS)
async def test_a_subscription_tells_of_its_tenants_events_alone(
    enter: EnterWorld, executors: dict[str, Executor], locks: Locks, name: str
) -> None:
    world = await with_events(await enter(locks, "events"))
    payloads = await stream(world, executors["planned"], name)
    assert len(payloads) == 1
    assert "errors" not in payloads[0]
    shown = payloads[0]["data"][name]
    row = world.a.rows[followed(name)[0]]
    assert shown["event"]["changedFields"] == [world.a.word]
    assert shown["object"]["createdAt"] == row.created_at.isoformat().replace("+00:00", "Z")
    assert world.leaks(dumps(payloads)) == []


@pytest.mark.parametrize("name", SUBSCRIPTIONS)
async def test_behind_no_lock_a_subscription_tells_of_others(
    enter: EnterWorld, executors: dict[str, Executor], name: str
) -> None:
    world = await with_events(await enter(Locks.NONE, "events"))
    with capture_logs():
        payloads = await stream(world, executors["planned"], name)
    assert world.leaks(dumps(payloads)) != []


async def stream(world: World, executor: Executor, name: str) -> list[dict[str, Any]]:
    """What A is sent from the beginning of its log on, until nothing more comes."""
    union = get_named_type(root_type("Subscription").fields[name].type)
    assert isinstance(union, GraphQLUnionType)
    change = next(type_ for type_ in union.types if {"event", "object"} <= set(type_.fields))
    shown = "position event { id objectId changedFields } object { id createdAt }"
    text = f'subscription {{ {name}(after: "0") {{ __typename ... on {change.name} {{ {shown} }} }} }}'
    dispatcher = Dispatcher(executor, world.services)
    context = Context(world.services, viewer_of(world.a.tenant))
    try:
        asked = Asked(text, executor.prepare(text, None, None))
        subscriber = await dispatcher.subscribe(asked, context)
        payloads = subscriber.payloads()
        found: list[dict[str, Any]] = []
        try:
            while True:
                found.append(orjson.loads(await asyncio.wait_for(anext(payloads), 0.5)))
        except TimeoutError:
            return found
        finally:
            subscriber.close()
    finally:
        await context.close()
        await dispatcher.stop()


def test_every_subscription_follows_the_log() -> None:
    for name, field in root_type("Subscription").fields.items():
        found = declared(field)
        assert found is not None, name
        assert isinstance(found.source, Live), name
