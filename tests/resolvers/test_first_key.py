"""The first use of a tenant's key: transactions that make it at once wait for each other, and never for good."""

import asyncio
from uuid import uuid4

from db.enums.events import ActorKind, EventType
from db.enums.integrations import IntegrationKind
from db.integrations import Integration
from db.organizations import Tenant
from resolvers.core.context import Context, Services
from resolvers.core.viewer import Viewer
from resolvers.core.writes import Outcome, Values, Write, perform

LONGEST_SECONDS = 50  # a statement that waits for good is cancelled after sixty


async def test_a_change_that_has_made_the_key_and_one_whose_audit_entry_needs_it_do_not_wait_for_each_other(
    services: Services, tenant: Tenant
) -> None:
    is_made, is_recorded = asyncio.Event(), asyncio.Event()

    async def make_key(write: Write, _: Values) -> Outcome:
        await services.keyring.for_tenant(write.session, write.tenant_id, write.now)
        is_made.set()
        await is_recorded.wait()
        await asyncio.sleep(0.2)  # the other one is in the midst of its end by now
        record(write)
        return Outcome()

    async def record_only(write: Write, _: Values) -> Outcome:
        await is_made.wait()
        record(write)
        is_recorded.set()
        return Outcome()

    def record(write: Write) -> None:
        row = Integration(kind=IntegrationKind.EMAIL, provider="imap", name="Inbox")
        write.record(EventType.INTEGRATION_CREATED, write.add(row))

    viewer = Viewer(ActorKind.SYSTEM, uuid4(), uuid4(), tenant.organization_id, tenant.id, None, frozenset())
    changes = [perform(Context(services, viewer), "test", act, {}) for act in (make_key, record_only)]
    outcomes = await asyncio.wait_for(asyncio.gather(*changes), LONGEST_SECONDS)
    assert [outcome.errors for outcome in outcomes] == [[], []]
