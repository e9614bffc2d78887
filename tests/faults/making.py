"""Fills a run's database, and says who follows what."""

import itertools
from pathlib import Path

from db.enums.calls import CallDirection, CallStatus
from resolvers.rules.access import PERMISSIONS
from tests.factories import access, calls, contacts, organizations
from tests.factories.integrations import integration
from tests.faults.world import Place, Plan, World, client
from tests.support.ids import gid
from tests.support.store import Store


async def make_world(plan: Plan, store: Store, folder: Path) -> World:
    """Fill the database, and say who follows what."""
    places: list[Place] = []
    first_calls: dict[int, str] = {}
    for number in range(plan.tenants):
        tenant = await organizations.tenant(store)
        key = await access.api_key(
            store,
            tenant,
            scopes=sorted(PERMISSIONS),
            requests_per_minute=10**6,
            requests_per_hour=10**7,
            requests_per_day=10**8,
        )
        carrier = await integration(store, tenant)
        person = await contacts.contact(store, tenant)
        rows = [
            await calls.call(
                store,
                tenant,
                integration_id=carrier.id,
                contact_id=person.id,
                status=CallStatus.INITIATED,
                direction=direction,
            )
            for direction in itertools.islice(itertools.cycle(CallDirection), plan.calls)
        ]
        first_calls[number] = gid(rows[0])
        places.append(
            Place(tenant.id.hex, tenant.organization_id.hex, key.text, [row.id.hex for row in rows], gid(person))
        )
    clients = [client(number, places, first_calls) for number in range(plan.clients)]
    return World(plan, places, clients, str(folder))
