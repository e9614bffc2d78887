"""The event log of one tenant tells nothing of another's: read directly, and through every subscription."""

import asyncio
from collections.abc import Callable, Iterable, Iterator
from typing import Any
from uuid import UUID

import orjson
import pytest
from graphql import GraphQLInputObjectType, GraphQLUnionType, get_named_type
from sqlalchemy import update
from structlog.testing import capture_logs

from db.enums.events import ActorKind, EventType
from db.events import Event, TenantClock
from gql.core.arguments import ID_TYPE
from gql.core.ids import encode_id
from gql.core.subscriptions import Live, LiveObjects
from gql.execution.run import Executor, dumps
from gql.subscriptions.dispatcher import Dispatcher
from gql.subscriptions.opening import Asked
from resolvers.core.context import Context
from resolvers.events import positions, read_events
from tests.support.schema import declared, root_type, source_of
from tests.tenancy.conftest import EnterWorld
from tests.tenancy.probes import rows_of
from tests.tenancy.worlds import PROTECTED, Inhabitant, Locks, World, viewer_of

behind_each_lock = pytest.mark.parametrize("locks", PROTECTED, ids=lambda locks: locks.value)
SUBSCRIPTIONS = sorted(root_type("Subscription").fields)
PATIENCE_SECONDS = 30.0
MOMENT_SECONDS = 0.5


def live(name: str) -> Live:
    """What a subscription follows."""
    source = source_of(root_type("Subscription").fields[name])
    assert isinstance(source, Live)
    return source


def about_objects() -> dict[str, LiveObjects]:
    """The subscriptions about objects of one type, which have a list to begin with."""
    return {name: source for name in SUBSCRIPTIONS if isinstance(source := live(name), LiveObjects)}


def happened() -> list[tuple[str, EventType]]:
    """What happens in each tenant, in this order: types of objects, and of the events about them."""
    return [(source.loader.row.__name__, min(source.types)) for source in about_objects().values()]


OBJECTS = about_objects()
HAPPENED = happened()


async def with_events(world: World) -> World:
    """Events for each subscription in each tenant, about the tenant's own rows: the twin's have the ids of A's."""
    for inhabitant in (world.a, *world.others.values()):
        if await world.store.get(Event, inhabitant.tenant.id, 1) is None:  # type: ignore[arg-type]  # its key is a number
            await _fill(world, inhabitant)
    return world


async def _fill(world: World, inhabitant: Inhabitant) -> None:
    tenant_id = inhabitant.tenant.id
    for position, (type_name, type_) in enumerate(HAPPENED, start=1):
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
    clock = update(TenantClock).where(TenantClock.tenant_id == tenant_id).values(last_position=len(HAPPENED))
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
        assert told(found.events) == [(tenant_id, inhabitant.word)] * len(HAPPENED)
        assert await positions(world.database, tenant_id) == (1, len(HAPPENED))
        assert (found.first_position, found.last_position) == (1, len(HAPPENED))


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
    due = [type_name for type_name, type_ in HAPPENED if type_ in live(name).types]
    payloads = await stream(
        world, executors["planned"], name, 'after: "0"', until=lambda found: len(found) >= len(due) > 0
    )
    for payload, type_name in zip(payloads, due, strict=True):
        assert "errors" not in payload
        shown = payload["data"][name]
        row = world.a.rows[type_name]
        assert shown["event"]["changedFields"] == [world.a.word]
        assert shown["object"]["createdAt"] == row.created_at.isoformat().replace("+00:00", "Z")
    assert world.leaks(dumps(payloads)) == []


@pytest.mark.parametrize("name", SUBSCRIPTIONS)
async def test_behind_no_lock_a_subscription_tells_of_others(
    enter: EnterWorld, executors: dict[str, Executor], name: str
) -> None:
    world = await with_events(await enter(Locks.NONE, "events"))
    with capture_logs():
        payloads = await stream(
            world, executors["planned"], name, 'after: "0"', until=lambda found: world.leaks(dumps(found)) != []
        )
    assert world.leaks(dumps(payloads)) != []


@behind_each_lock
@pytest.mark.parametrize("name", OBJECTS)
async def test_the_list_of_a_stream_is_of_its_tenants_objects_alone(
    enter: EnterWorld, executors: dict[str, Executor], locks: Locks, name: str
) -> None:
    """Whatever is asked for: all there is, or another tenant's objects by every id that the filter takes."""
    world = await with_events(await enter(locks, "events"))
    type_name = OBJECTS[name].loader.row.__name__
    own = {encode_id(type_name, row.id) for row in rows_of(world.a, type_name)}
    *items, end = await listed(world, executors["planned"], name, "snapshot: true")
    assert {item["object"]["id"] for item in items} == own
    assert (end["count"], end["position"]) == (len(own), str(len(HAPPENED)))
    filters = list(by_ids(name, world.b))
    assert len(filters) > 2
    for filter_ in filters:
        *items, end = await listed(world, executors["planned"], name, f"snapshot: true, filter: {{{filter_}}}")
        assert (items, end["count"]) == ([], 0), filter_


@pytest.mark.parametrize("name", OBJECTS)
async def test_behind_no_lock_the_list_of_a_stream_is_of_everybodys_objects(
    enter: EnterWorld, executors: dict[str, Executor], name: str
) -> None:
    world = await with_events(await enter(Locks.NONE, "events"))
    with capture_logs():
        payloads = await stream(world, executors["planned"], name, "snapshot: true", until=has_ended)
    assert world.leaks(dumps(payloads)) != []


def by_ids(name: str, inhabitant: Inhabitant) -> Iterator[str]:
    """Every id of the tenant's that a subscription's filter takes, as it is written."""
    filter_ = get_named_type(root_type("Subscription").fields[name].args["filter"].type)
    assert isinstance(filter_, GraphQLInputObjectType)
    for key, field in filter_.fields.items():
        id_type = field.extensions["strawberry-definition"].metadata[ID_TYPE]
        if id_type is not None:
            yield f'{key}: "{encode_id(id_type, inhabitant.rows[id_type].id)}"'


async def listed(world: World, executor: Executor, name: str, arguments: str) -> list[dict[str, Any]]:
    """The list with which a stream of A's begins, and its end, which show nothing of others."""
    payloads = await stream(world, executor, name, arguments, until=has_ended)
    assert world.leaks(dumps(payloads)) == []
    assert [payload for payload in payloads if "errors" in payload] == []
    return [payload["data"][name] for payload in payloads]


def has_ended(found: list[dict[str, Any]]) -> bool:
    """Whether the list has come to its end."""
    return bool(found) and any("count" in (shown or {}) for shown in (found[-1]["data"] or {}).values())


def selection(name: str) -> str:
    """What the messages of a subscription show, and whose objects it is about."""
    union = get_named_type(root_type("Subscription").fields[name].type)
    assert isinstance(union, GraphQLUnionType)
    whose = "id createdAt"
    if name not in OBJECTS:  # objects of any type
        whose = " ".join(["id", *(f"... on {type_name} {{ createdAt }}" for type_name in {one for one, _ in HAPPENED})])
    shown = {"object": f"object {{ {whose} }}", "event": "event { id objectId changedFields }"}
    parts = []
    for type_ in union.types:
        fields = [shown.get(key, key) for key in ("object", "event", "count", "position") if key in type_.fields]
        if fields:
            parts.append(f"... on {type_.name} {{ {' '.join(fields)} }}")
    return " ".join(parts)


async def stream(
    world: World, executor: Executor, name: str, arguments: str, *, until: Callable[[list[dict[str, Any]]], bool]
) -> list[dict[str, Any]]:
    """What A is sent by a subscription with these arguments: until this holds, and for a moment more.

    A list has its own end, behind which nothing is due.
    """
    text = f"subscription {{ {name}({arguments}) {{ __typename {selection(name)} }} }}"
    dispatcher = Dispatcher(executor, world.services)
    context = Context(world.services, viewer_of(world.a.tenant))
    try:
        asked = Asked(text, executor.prepare(text, None, None))
        subscriber = await dispatcher.subscribe(asked, context)
        payloads = subscriber.payloads()
        found: list[dict[str, Any]] = []
        try:
            while True:
                if until is has_ended and until(found):
                    return found
                seconds = MOMENT_SECONDS if until(found) else PATIENCE_SECONDS
                found.append(orjson.loads(await asyncio.wait_for(anext(payloads), seconds)))
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
