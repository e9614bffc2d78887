"""Deliveries to receivers that behave and that do not: in order, signed, at least once, and never left out."""

import asyncio
import contextlib
from datetime import timedelta

import pytest
from sqlalchemy import select, update
from structlog.testing import capture_logs

from db.compliance import AuditLogEntry
from db.events import Event
from db.organizations import Tenant
from db.webhooks import WebhookEndpoint
from gql.worker import worker as make_worker
from resolvers.core.clock import FixedClock
from resolvers.core.context import Services
from resolvers.core.worker import Worker
from resolvers.rules.webhooks import FAILURES_UNTIL_OPEN, LONGEST_PAUSE
from tests.support.client import Client
from tests.support.fixtures import SignIn
from tests.support.ids import gid
from tests.support.store import START, Store
from tests.support.waiting import eventually
from tests.webhooks.conftest import SETTINGS
from tests.webhooks.receiver import CLOSE, ENDLESS, HANG, HOLD, Receiver
from tests.webhooks.support import change, deliveries, endpoint, follow, happen

PAUSE = LONGEST_PAUSE + timedelta(minutes=5)


async def test_events_arrive_in_order_signed_and_under_their_own_ids(
    client: Client, worker: Worker, receiver: Receiver, store: Store, tenant: Tenant
) -> None:
    endpoint_id, secret = await follow(client, receiver.url)
    positions = await happen(client, 25)  # more than one look at the queue gives
    await change(client, "integrationCreate", kind="EMAIL", provider="imap", name="Not followed")
    await worker.work_off()
    assert receiver.positions == positions
    assert all(each.is_genuine(secret) for each in receiver.received)
    assert not any(each.is_genuine("whsec_other") for each in receiver.received)
    stored = {event.position: event for event in await store.events(tenant)}
    audit = await store.all(select(AuditLogEntry.event_id).where(AuditLogEntry.tenant_id == tenant.id))
    for each in receiver.received:
        event = stored[each.position]
        assert each.id == each.told["id"] == gid(event)
        assert event.id in audit
        assert each.headers["webhook-attempt"] == "1"
        assert (each.line, each.headers["host"]) == (
            "POST /hooks?from=graph HTTP/1.1",
            f"127.0.0.1:{receiver.port}",
        )
        assert each.told["objectId"].startswith("contact_")
        assert {key: each.told[key] for key in ("kind", "position", "type", "objectType", "actorKind")} == {
            "kind": "EVENT",
            "position": str(each.position),
            "type": "CONTACT_CREATED",
            "objectType": "Contact",
            "actorKind": "API_KEY",
        }
        assert b"Person" not in each.body
    now = await endpoint(client, endpoint_id)
    assert int(now["deliveredPosition"]) == max(stored)
    assert (now["lastSuccessAt"], now["lastError"], now["version"]) == ("2026-11-20T09:00:00Z", None, 1)
    told = await deliveries(client)
    assert [int(each["position"]) for each in told] == positions
    assert {(each["status"], each["attemptCount"], each["responseStatus"]) for each in told} == {("DELIVERED", 1, 200)}
    assert all(each["durationMs"] >= 0 and each["deliveredAt"] for each in told)
    assert [each["eventId"] for each in told] == [each.id for each in receiver.received]


async def test_what_happened_before_an_endpoint_was_there_is_not_told_unless_asked_for(
    client: Client, worker: Worker, receiver: Receiver
) -> None:
    before = await happen(client, 2)
    await follow(client, receiver.url)
    await worker.work_off()
    assert receiver.received == []
    await follow(client, receiver.url, after="1")
    await worker.work_off()
    assert receiver.positions == before[1:]


@pytest.mark.parametrize("answer", [500, 302, 404, 429, HANG, CLOSE], ids=str)
async def test_what_fails_is_tried_again_with_the_same_id_and_the_rest_waits(
    client: Client, services: Services, receiver: Receiver, clock: FixedClock, answer: int | str
) -> None:
    worker = make_worker(services, SETTINGS)
    impatient = make_worker(services, SETTINGS.model_copy(update={"webhook_timeout_seconds": 5}))
    receiver.answers = [answer]
    receiver.location = receiver.url  # of the redirect, which nobody follows
    endpoint_id, secret = await follow(client, receiver.url)
    positions = await happen(client, 3)
    await (impatient if answer == HANG else worker).work_off()
    assert receiver.positions == positions[:1]
    [first, *waiting] = await deliveries(client)
    assert (first["status"], first["attemptCount"], first["deliveredAt"]) == ("RETRYING", 1, None)
    assert first["responseStatus"] == (answer if isinstance(answer, int) else None)
    assert first["error"]
    assert first["nextAttemptAt"] > "2026-11-20T09:00:00Z"
    assert {each["status"] for each in waiting} == {"QUEUED"}
    now = await endpoint(client, endpoint_id)
    assert (now["consecutiveFailureCount"], now["circuit"], now["isActive"]) == (1, "CLOSED", True)
    assert (now["lastError"], now["nextAttemptAt"]) == (first["error"], first["nextAttemptAt"])
    assert now["deliveredPosition"] == "0" or int(now["deliveredPosition"]) < positions[0]
    await worker.work_off()
    assert len(receiver.received) == 1  # not before its time
    clock.instant = START + timedelta(seconds=3)
    await worker.work_off()
    assert receiver.positions == [positions[0], *positions]
    assert receiver.received[0].id == receiver.received[1].id
    assert receiver.received[0].body == receiver.received[1].body
    assert [each.headers["webhook-attempt"] for each in receiver.received] == ["1", "2", "1", "1"]
    assert all(each.is_genuine(secret) for each in receiver.received)
    now = await endpoint(client, endpoint_id)
    assert (now["consecutiveFailureCount"], now["nextAttemptAt"]) == (0, None)


async def test_nobody_listening_is_a_failure_like_any_other(client: Client, worker: Worker, clock: FixedClock) -> None:
    async with Receiver().listening() as gone:
        pass
    await follow(client, gone.url)
    positions = await happen(client)
    await worker.work_off()
    [told] = await deliveries(client)
    assert (told["status"], told["responseStatus"]) == ("RETRYING", None)
    clock.instant = START + timedelta(seconds=3)
    async with Receiver().listening(gone.port) as back:
        await worker.work_off()
        assert back.positions == positions


async def test_an_answer_without_end_is_not_read_to_it(client: Client, worker: Worker, receiver: Receiver) -> None:
    receiver.answers = [ENDLESS]
    await follow(client, receiver.url)
    positions = await happen(client, 2)
    await worker.work_off()
    assert receiver.positions == positions
    assert {each["status"] for each in await deliveries(client)} == {"DELIVERED"}
    assert receiver.written < 64 * 1_048_576


async def test_the_circuit_opens_after_failures_in_a_row_and_closes_by_one_success(
    client: Client, worker: Worker, receiver: Receiver, clock: FixedClock, store: Store, tenant: Tenant
) -> None:
    receiver.answers = [503] * (FAILURES_UNTIL_OPEN + 1)
    endpoint_id, _ = await follow(client, receiver.url)
    positions = await happen(client, 2)
    circuits = []
    for _ in range(FAILURES_UNTIL_OPEN + 1):
        await worker.work_off()
        circuits.append((await endpoint(client, endpoint_id))["circuit"])
        clock.instant += PAUSE
    assert circuits == ["CLOSED"] * (FAILURES_UNTIL_OPEN - 1) + ["OPEN"] * 2
    assert receiver.positions == positions[:1] * (FAILURES_UNTIL_OPEN + 1)
    await worker.work_off()
    assert receiver.positions[-2:] == positions
    now = await endpoint(client, endpoint_id)
    assert (now["circuit"], now["consecutiveFailureCount"]) == ("CLOSED", 0)
    told = [event for event in await store.events(tenant, "WebhookEndpoint") if event.payload.get("circuit")]
    assert [(event.type, event.payload["circuit"], event.actor_kind) for event in told] == [
        ("WEBHOOK_ENDPOINT_UPDATED", "OPEN", "SYSTEM"),
        ("WEBHOOK_ENDPOINT_UPDATED", "CLOSED", "SYSTEM"),
    ]


async def test_half_open_is_seen_while_one_is_tried(
    client: Client, worker: Worker, receiver: Receiver, clock: FixedClock
) -> None:
    receiver.answers = [503] * FAILURES_UNTIL_OPEN
    endpoint_id, _ = await follow(client, receiver.url)
    await happen(client)
    for _ in range(FAILURES_UNTIL_OPEN):
        await worker.work_off()
        clock.instant += PAUSE
    receiver.answers = [HOLD]
    working = asyncio.create_task(worker.work_off())
    await receiver.until(FAILURES_UNTIL_OPEN + 1)
    assert (await endpoint(client, endpoint_id))["circuit"] == "HALF_OPEN"
    receiver.released.set()
    await working
    assert (await endpoint(client, endpoint_id))["circuit"] == "OPEN"


async def test_who_answers_that_it_is_gone_is_switched_off_and_misses_nothing_when_it_comes_back(
    client: Client, worker: Worker, receiver: Receiver, clock: FixedClock, store: Store, tenant: Tenant
) -> None:
    receiver.answers = [200, 410]
    endpoint_id, _ = await follow(client, receiver.url)
    positions = await happen(client, 3)
    await worker.work_off()
    now = await endpoint(client, endpoint_id)
    assert (now["isActive"], now["goneAt"]) == (False, "2026-11-20T09:00:00Z")
    positions += await happen(client)
    clock.instant += PAUSE
    await worker.work_off()
    assert receiver.positions == positions[:2]
    [event] = [each for each in await store.events(tenant, "WebhookEndpoint") if each.actor_kind == "SYSTEM"]
    assert event.payload["is_active"] is False
    back = await change(client, "webhookEndpointUpdate", "webhookEndpoint { goneAt }", id=endpoint_id, isActive=True)
    assert back["webhookEndpoint"]["goneAt"] is None
    await worker.work_off()
    assert receiver.positions == [positions[0], positions[1], *positions[1:]]


async def test_a_replaced_secret_signs_too_until_it_ends(
    client: Client, worker: Worker, receiver: Receiver, clock: FixedClock
) -> None:
    endpoint_id, old = await follow(client, receiver.url)
    rotated = await change(
        client,
        "webhookEndpointSecretRotate",
        "secret webhookEndpoint { previousSecretExpiresAt }",
        id=endpoint_id,
        overlapSeconds=3600,
    )
    new = rotated["secret"]
    assert rotated["webhookEndpoint"]["previousSecretExpiresAt"] == "2026-11-20T10:00:00Z"
    await happen(client)
    await worker.work_off()
    clock.instant = START + timedelta(hours=1)
    await happen(client)
    await worker.work_off()
    during, after = receiver.received
    assert (during.proofs(new), during.proofs(old)) == ([True, False], [False, True])
    assert (after.proofs(new), after.is_genuine(old)) == ([True], False)


async def test_events_are_sent_once_more_by_their_positions(client: Client, worker: Worker, receiver: Receiver) -> None:
    endpoint_id, _ = await follow(client, receiver.url)
    positions = await happen(client, 4)
    await worker.work_off()
    first, last = positions[1], positions[2]
    again = {"id": endpoint_id, "fromPosition": str(first), "toPosition": str(last)}
    await change(client, "webhookEndpointRedeliver", "webhookEndpoint { id }", **again)
    later = await happen(client)
    await worker.work_off()
    assert receiver.positions == [*positions, first, last, *later]
    assert receiver.received[4].id == receiver.received[1].id
    told = await deliveries(client)
    assert sorted(int(each["position"]) for each in told if each["isRedelivery"]) == [first, last]
    assert int((await endpoint(client, endpoint_id))["deliveredPosition"]) >= later[0]


async def test_a_test_arrives_as_one(client: Client, worker: Worker, receiver: Receiver) -> None:
    endpoint_id, secret = await follow(client, receiver.url)
    asked = await change(client, "webhookEndpointTest", "webhookDelivery { id kind status }", id=endpoint_id)
    assert (asked["webhookDelivery"]["kind"], asked["webhookDelivery"]["status"]) == ("TEST", "QUEUED")
    await worker.work_off()
    [test] = receiver.received
    assert test.told == {"kind": "TEST"}
    assert test.id == asked["webhookDelivery"]["id"]
    assert test.is_genuine(secret)
    assert "webhook-position" not in test.headers


async def test_an_endpoint_that_retention_has_passed_is_told_of_the_gap(
    client: Client, worker: Worker, receiver: Receiver, clock: FixedClock
) -> None:
    endpoint_id, _ = await follow(client, receiver.url)
    await change(client, "webhookEndpointUpdate", "webhookEndpoint { id }", id=endpoint_id, isActive=False)
    await happen(client, 3)
    clock.instant = START + timedelta(days=31)
    await worker.work_off()
    await change(client, "webhookEndpointUpdate", "webhookEndpoint { id }", id=endpoint_id, isActive=True)
    later = await happen(client, 2)
    await worker.work_off()
    gap, *rest = receiver.received
    assert gap.told == {"kind": "GAP", "from": "1", "to": "5"}
    assert [each.position for each in rest] == later
    assert gap.position == 5
    told = await deliveries(client)
    assert [(each["kind"], each["fromPosition"]) for each in told] == [("GAP", "1"), ("EVENT", None), ("EVENT", None)]


async def test_a_suspended_tenants_endpoints_are_told_nothing(
    client: Client, worker: Worker, receiver: Receiver, clock: FixedClock, store: Store, tenant: Tenant
) -> None:
    await follow(client, receiver.url)
    positions = await happen(client)
    await store.execute(update(Tenant).where(Tenant.id == tenant.id).values(status="SUSPENDED"))
    await worker.work_off()
    assert receiver.received == []
    await store.execute(update(Tenant).where(Tenant.id == tenant.id).values(status="ACTIVE"))
    clock.instant += timedelta(minutes=6)
    await worker.work_off()
    assert receiver.positions == positions


async def test_old_deliveries_are_forgotten_and_unfinished_ones_are_not(
    client: Client, worker: Worker, receiver: Receiver, clock: FixedClock
) -> None:
    await follow(client, receiver.url)
    await happen(client, 2)
    await worker.work_off()
    receiver.answers = [503] * 100
    await happen(client)
    await worker.work_off()
    assert [each["status"] for each in await deliveries(client)] == ["DELIVERED", "DELIVERED", "RETRYING"]
    clock.instant = START + timedelta(days=15)
    await worker.work_off()
    assert [each["status"] for each in await deliveries(client)] == ["RETRYING"]


async def test_an_endpoint_that_is_deleted_or_moved_meanwhile_gets_nothing_more(
    client: Client, worker: Worker, receiver: Receiver
) -> None:
    receiver.answers, receiver.answer_when_released = [HOLD], 200
    endpoint_id, _ = await follow(client, receiver.url)
    positions = await happen(client, 3)
    working = asyncio.create_task(worker.work_off())
    await receiver.until(1)
    await change(client, "webhookEndpointDelete", "deletedId", id=endpoint_id)
    receiver.released.set()
    await working
    assert receiver.positions == positions[:1]
    assert await deliveries(client) == []


async def test_each_tenant_is_told_of_its_own_events_alone(
    sign_in: SignIn, tenant: Tenant, other_tenant: Tenant, worker: Worker, receiver: Receiver
) -> None:
    async with Receiver().listening() as other:
        mine, theirs = await sign_in(tenant), await sign_in(other_tenant)
        await follow(mine, receiver.url)
        await follow(theirs, other.url)
        positions = await happen(mine, 2), await happen(theirs, 1)
        await worker.work_off()
        assert (receiver.positions, other.positions) == positions
        assert len(await deliveries(theirs)) == 1


async def test_a_slow_endpoint_does_not_hold_up_another(client: Client, worker: Worker, receiver: Receiver) -> None:
    async with Receiver(answers=[HOLD]).listening() as slow:
        await follow(client, slow.url)
        await follow(client, receiver.url)
        await happen(client)
        working = asyncio.create_task(worker.work_off())
        await slow.until(1)
        await receiver.until(1)
        await happen(client)
        running = asyncio.create_task(worker.run())
        await receiver.until(2)
        assert slow.under_way == 1
        slow.released.set()
        await working
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


async def test_a_commit_wakes_the_worker(client: Client, services: Services, receiver: Receiver) -> None:
    """The poll is far too slow to be the reason."""
    from resolvers.core.worker import Worker as Plain

    made = make_worker(services, SETTINGS)
    worker = Plain(services, made._jobs, poll_seconds=600)
    await follow(client, receiver.url)
    running = asyncio.create_task(worker.run())
    try:
        for number in range(1, 4):
            positions: list[int] = []
            while len(receiver.received) < number and len(positions) < 50:  # one before it listens is not heard
                positions += await happen(client)
                with contextlib.suppress(TimeoutError):
                    await receiver.until(number, 3)
        assert len(receiver.received) >= 3
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


async def test_a_worker_that_hears_nothing_looks_by_itself(
    client: Client, services: Services, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(services.wakeups, "committed", lambda _: None)
    await follow(client, receiver.url)
    running = asyncio.create_task(make_worker(services, SETTINGS).run())
    try:
        positions = await happen(client, 2)
        await receiver.until(2)
        assert receiver.positions == positions
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


async def test_several_workers_share_the_tenants_and_send_nothing_twice(
    sign_in: SignIn, services: Services, store: Store
) -> None:
    from tests.factories import organizations

    async with contextlib.AsyncExitStack() as stack:
        followed = []
        for _ in range(4):
            client = await sign_in(await organizations.tenant(store))
            receiver = await stack.enter_async_context(Receiver(delay=0.005).listening())
            await follow(client, receiver.url)
            followed.append((client, receiver))
        workers = [asyncio.create_task(make_worker(services, SETTINGS).run()) for _ in range(3)]
        try:
            told = []
            for client, _ in followed:
                told.append(await happen(client, 15))
            await eventually(lambda: all(len(receiver.received) >= 15 for _, receiver in followed))
        finally:
            for task in workers:
                task.cancel()
            await asyncio.gather(*workers, return_exceptions=True)
        assert [receiver.positions for _, receiver in followed] == told
        assert {receiver.most_under_way for _, receiver in followed} == {1}


async def test_the_event_of_each_delivery_is_still_the_logs(
    client: Client, worker: Worker, receiver: Receiver, store: Store, tenant: Tenant
) -> None:
    """Deliveries are themselves no events: else there would be no end to them."""
    await follow(client, receiver.url, "WEBHOOK_ENDPOINT_CREATED", "CONTACT_CREATED")
    await happen(client, 2)
    before = await store.counts(tenant, Event)
    await worker.work_off()
    assert await store.counts(tenant, Event) == before
    assert [each.told["type"] for each in receiver.received] == [
        "WEBHOOK_ENDPOINT_CREATED",
        "CONTACT_CREATED",
        "CONTACT_CREATED",
    ]


async def test_an_endpoint_whose_secret_cannot_be_read_is_left_alone_for_a_while(
    client: Client, worker: Worker, receiver: Receiver, clock: FixedClock, store: Store, tenant: Tenant
) -> None:
    endpoint_id, _ = await follow(client, receiver.url)
    good = await store.all(select(WebhookEndpoint.secret_encrypted).where(WebhookEndpoint.tenant_id == tenant.id))
    spoil = update(WebhookEndpoint).where(WebhookEndpoint.tenant_id == tenant.id)
    await store.execute(spoil.values(secret_encrypted=b"spoilt"))
    positions = await happen(client)
    with capture_logs() as logs:
        await worker.work_off()
    assert [entry["event"] for entry in logs if entry["log_level"] == "error"] == ["webhook_turn_failed"]
    now = await endpoint(client, endpoint_id)
    assert (now["consecutiveFailureCount"], now["lastError"]) == (1, "This server failed to deliver.")
    await store.execute(spoil.values(secret_encrypted=good[0]))
    clock.instant += PAUSE
    await worker.work_off()
    assert receiver.positions == positions


async def test_a_slow_receiver_is_not_taken_over_as_long_as_its_worker_goes_on(
    client: Client, services: Services, worker: Worker, receiver: Receiver, clock: FixedClock
) -> None:
    """The lease is renewed with each delivery: all of them together take longer than one lease lasts."""

    def pass_time() -> None:
        clock.instant += timedelta(seconds=50)

    receiver.on_request = pass_time
    receiver.delay = 0.5
    await follow(client, receiver.url)
    positions = await happen(client, 4)
    working = asyncio.create_task(worker.work_off())
    await receiver.until(1)
    other = asyncio.create_task(make_worker(services, SETTINGS).run())
    await working
    other.cancel()
    await asyncio.gather(other, return_exceptions=True)
    assert (receiver.positions, receiver.most_under_way) == (positions, 1)
