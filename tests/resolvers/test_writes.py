"""What every change has in common: what its event tells of former values, and what its refusal shows."""

from collections.abc import Mapping
from uuid import uuid4

from db.access import User
from db.contacts import Contact
from db.core.base import TenantRow
from db.enums.events import ActorKind, EventType
from db.organizations import Tenant
from resolvers.contacts import update_contact
from resolvers.core.context import Context, Services
from resolvers.core.errors import Conflict, ValidationFailed
from resolvers.core.viewer import Viewer
from resolvers.core.writes import Values, Write, perform
from resolvers.loaders.contacts import contact_by_id
from tests.factories import access, contacts
from tests.support.store import Store


def context_of(services: Services, tenant: Tenant) -> Context:
    """An operation of the server itself."""
    viewer = Viewer(ActorKind.SYSTEM, uuid4(), uuid4(), tenant.organization_id, tenant.id, None, frozenset())
    return Context(services, viewer)


async def hand_over(write: Write, values: Values) -> Mapping[str, TenantRow]:
    """Give a contact an owner, or none."""
    contact = await write.lock(Contact, values["id"])
    write.change(contact, {"owner_id": values["owner_id"]})
    payload = {"owner_id": contact.owner_id, "account_id": contact.account_id}
    write.record(EventType.CONTACT_UPDATED, contact, payload, subject_id=contact.id)
    return {"contact": contact}


async def test_an_event_tells_the_former_value_also_when_it_was_none(
    store: Store, tenant: Tenant, services: Services
) -> None:
    person, owner = await contacts.contact(store, tenant), await access.user(store, tenant)
    for owner_id in (owner.id, None):
        outcome = await perform(
            context_of(services, tenant), "test", hand_over, {"id": person.id, "owner_id": owner_id}
        )
        assert outcome.errors == []
    given, taken = await store.events(tenant)
    about = {"changed": ["owner_id"], "account_id": None}
    assert given.payload == {**about, "old_owner_id": None, "owner_id": str(owner.id)}
    assert taken.payload == {**about, "old_owner_id": str(owner.id), "owner_id": None}


async def test_an_event_of_something_new_has_no_former_values(store: Store, tenant: Tenant, services: Services) -> None:
    async def make(write: Write, _: Values) -> Mapping[str, TenantRow]:
        contact = write.add(Contact(first_name="Asha"))
        write.record(EventType.CONTACT_CREATED, contact, {"first_name": contact.first_name}, subject_id=contact.id)
        return {"contact": contact}

    assert (await perform(context_of(services, tenant), "test", make, {})).errors == []
    [event] = await store.events(tenant)
    assert event.payload == {"changed": ["first_name"], "first_name": "Asha"}


async def test_a_conflict_shows_the_object_as_it_is_now_whatever_was_read_before(
    store: Store, tenant: Tenant, services: Services
) -> None:
    person = await contacts.contact(store, tenant)
    context = context_of(services, tenant)
    seen = await contact_by_id.load(context, person.id)
    assert seen is not None
    assert seen.version == 1
    change = {"id": person.id, "first_name": "Meera"}
    assert (await perform(context_of(services, tenant), "test", update_contact, change)).errors == []
    outcome = await perform(context, "test", update_contact, {**change, "expected_version": 1})
    assert [type(error) for error in outcome.errors] == [Conflict]
    current = await contact_by_id.load(context, person.id)
    assert current is not None
    assert (current.version, current.first_name) == (2, "Meera")
    await context.close()


async def test_a_broken_check_is_told_at_the_value_that_it_is_about(
    store: Store, tenant: Tenant, services: Services
) -> None:
    owner = await access.user(store, tenant)

    async def spoil(write: Write, values: Values) -> Mapping[str, TenantRow]:
        user = await write.lock(User, owner.id)
        write.change(user, values)
        return {"user": user}

    for values, path in (
        ({"phone": "1"}, ("input", "phone")),
        ({"email": "A@EXAMPLE.COM"}, ("input", "email")),
        ({"manager_id": owner.id}, ("input",)),  # a check of two columns
    ):
        outcome = await perform(context_of(services, tenant), "test", spoil, values)
        assert [(type(error), error.path) for error in outcome.errors] == [(ValidationFailed, path)]
