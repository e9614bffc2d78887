"""A tenant with one row of everything, all of it connected: for tests that walk the whole schema.

Whatever a tenant's rows show can be told from another's: their texts contain the tenant's word, their times its
instant. Given the ids of another tenant's rows, they become their twins, which nothing but the tenant tells apart.
"""

import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any, Final, TypeVar
from uuid import UUID

from sqlalchemy import ARRAY, CheckConstraint, Enum, Table, Text, select, update

from db.core.base import Base, ReferenceRow
from db.organizations import Organization, Tenant
from tests.factories import (
    access,
    activities,
    callbacks,
    calls,
    contacts,
    deals,
    insurance_agents,
    integrations,
    policies,
    telephony,
    voice_agents,
    webhooks,
)
from tests.support.store import START, Store

R = TypeVar("R", bound=Base)
MEANT: Final = frozenset(  # texts that the server reads a meaning into
    {"date_format", "formatted_number", "from_number", "locale", "phone_number", "provider", "timezone", "to_number"}
)


def word_of(tenant: Tenant) -> str:
    """The word that only this tenant's texts contain."""
    return "w" + "".join(chr(ord("a") + int(digit, 16)) for digit in tenant.id.hex[-12:])


def instant_of(tenant: Tenant) -> datetime:
    """The time at which all of this tenant's rows were made: no other tenant has the same microsecond."""
    return START + timedelta(microseconds=tenant.id.int % 999_983 + 1)


class Marking(Store):
    """A store whose rows bear the tenant's word and instant, and the given ids.

    `rows` holds them by the names of their classes: the first `User`, the second `User 2`, and so on.
    """

    def __init__(self, store: Store, tenant: Tenant, ids: Mapping[str, UUID]) -> None:
        self.engine = store.engine
        self.new_id = store.new_id
        self.rows: dict[str, Any] = {}
        self._numbers = store._numbers
        self._tenant = tenant
        self._ids = ids

    async def add(self, row: R, **stamps: Any) -> R:
        """Insert and commit one row, marked."""
        name = type(row).__name__
        earlier = sum(key.split()[0] == name for key in self.rows)
        key = f"{name} {earlier + 1}" if earlier else name
        if key in self._ids and not isinstance(row, ReferenceRow):
            stamps["id"] = self._ids[key]
            row.id = self._ids[key]  # type: ignore[attr-defined]  # every tenant's row has one
        instant = instant_of(self._tenant)
        self._mark(row)
        self.rows[key] = await super().add(row, **{"created_at": instant, "updated_at": instant, **stamps})
        return row

    def _mark(self, row: Base) -> None:
        word = word_of(self._tenant)
        table = row.__table__
        assert isinstance(table, Table)
        for name in free_texts(table):
            value = getattr(row, name)
            if value is None and table.columns[name].nullable:
                setattr(row, name, f"{word} {name} {self.number()}")
            elif isinstance(value, str) and word not in value:
                setattr(row, name, f"{value} {word}")
        if "tags" in table.columns and isinstance(table.columns["tags"].type, ARRAY):
            row.tags = [word]  # type: ignore[attr-defined]  # its table has the column


@lru_cache
def free_texts(table: Table) -> tuple[str, ...]:
    """The text columns of a table that may hold anything."""
    checks = " ".join(str(each.sqltext) for each in table.constraints if isinstance(each, CheckConstraint))
    return tuple(
        column.name
        for column in table.columns
        if isinstance(column.type, Text)
        and not isinstance(column.type, Enum)
        and column.computed is None
        and column.name not in MEANT
        and not column.name.endswith("_hash")
        and re.search(rf"\b{column.name}\b", checks) is None
    )


async def populate(store: Store, tenant: Tenant, ids: Mapping[str, UUID] | None = None) -> dict[str, Any]:
    """One row of every type that has a global id, by the type's name, and some more; every foreign key set.

    What a row of the same type has to refer to is `User 2` and the like. `ids` are those of the rows to make twins of.
    """
    made = Marking(store, tenant, ids or {})
    await _people(made, tenant)
    await _book(made, tenant)
    await _connect(made, tenant)
    made.rows["Tenant"], made.rows["Organization"] = await _own(store, tenant)
    return made.rows


async def _people(made: Marking, tenant: Tenant) -> None:
    user = await access.user(made, tenant)
    await access.user(made, tenant)
    await access.role_assignment(made, tenant, user_id=user.id)
    await access.team(made, tenant, members=[user])
    await access.team(made, tenant)
    await access.api_key(made, tenant)
    await access.session(made, tenant, user_id=user.id)
    for _ in range(2):
        await contacts.account(made, tenant)
        await insurance_agents.insurance_agent(made, tenant)


async def _book(made: Marking, tenant: Tenant) -> None:
    mobile = f"+91982{made.number():07d}"
    contact = await contacts.contact(made, tenant, mobile=mobile, country="IN")
    integration = await integrations.integration(made, tenant)
    provider = await insurance_agents.insurance_provider(made, tenant)
    policy_type = await policies.policy_type(made, tenant)
    holder = await policies.policyholder(made, tenant, contact_id=contact.id)
    policy = await policies.policy(
        made, tenant, policyholder_id=holder.id, provider_id=provider.id, policy_type_id=policy_type.id
    )
    speaker = await voice_agents.voice_agent(made, tenant)
    await voice_agents.voice_agent_version(made, tenant, voice_agent_id=speaker.id)
    await telephony.phone_number(made, tenant)
    call = await calls.call(made, tenant, integration_id=integration.id)
    await calls.call_transcript(made, tenant, call_id=call.id)
    deal = await deals.deal(made, tenant, policy_id=policy.id)
    await deals.deal_product(made, tenant, deal_id=deal.id)
    await deals.deal_stage_change(made, tenant, deal_id=deal.id, to_stage_id=deal.stage_id)
    await activities.activity(made, tenant, owner_id=made.rows["User"].id, contact_id=contact.id)
    await callbacks.callback_queue(made, tenant)
    endpoint = await webhooks.webhook_endpoint(made, tenant)
    await webhooks.webhook_delivery(made, tenant, webhook_endpoint_id=endpoint.id)
    request = await callbacks.callback_request(made, tenant, contact_id=contact.id)
    await callbacks.callback_activity(made, tenant, callback_request_id=request.id)


async def _connect(made: Marking, tenant: Tenant) -> None:
    """Set the foreign keys that are still null: to the first row of their table, to the second within a table."""
    by_table = {row.__tablename__: row for row in reversed(made.rows.values())}
    seconds = {row.__tablename__: row for key, row in made.rows.items() if key.endswith(" 2")}
    for key, row in made.rows.items():
        if " " in key or isinstance(row, ReferenceRow):
            continue
        missing: dict[str, UUID] = {}
        for constraint in row.__table__.foreign_key_constraints:
            for element in constraint.elements:
                name, target = element.parent.name, element.column.table.name
                if name != "tenant_id" and getattr(row, name) is None:
                    missing[name] = (seconds if target == row.__tablename__ else by_table)[target].id
        if missing:
            model = type(row)
            await made.execute(update(model).where(model.tenant_id == tenant.id, model.id == row.id).values(missing))
            for name, value in missing.items():
                setattr(row, name, value)


async def _own(store: Store, tenant: Tenant) -> tuple[Tenant, Organization]:
    """The tenant and its organization, marked."""
    word, instant = word_of(tenant), instant_of(tenant)
    found: list[Any] = []
    for row, row_id in ((Tenant, tenant.id), (Organization, tenant.organization_id)):
        name = f"{row.__name__} {word}"
        await store.execute(update(row).where(row.id == row_id).values(name=name, created_at=instant))
        found += await store.all(select(row).where(row.id == row_id))
    return found[0], found[1]
