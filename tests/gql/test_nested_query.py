"""The query that no source system can answer: from calls to persons, to all that concerns them, to who looks after it.

On both executors one statement per relation and level answers it, whatever the number of rows.
"""

import re
from collections import Counter
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from graphql import FieldNode, TypeInfo, TypeInfoVisitor, Visitor, parse, visit

from db.contacts import Contact
from db.enums.events import ActorKind
from db.organizations import Tenant
from gql.core.fields import RootMany, ToMany, ToOne
from gql.execution.run import Executor
from gql.schema import schema
from resolvers.core.context import Context, Services
from resolvers.core.viewer import Viewer
from resolvers.rules.access import PERMISSIONS
from tests.factories import (
    access,
    callbacks,
    calls,
    contacts,
    deals,
    insurance_agents,
    policies,
    telephony,
    voice_agents,
)
from tests.support.fixtures import SignIn
from tests.support.ids import gid
from tests.support.store import START, Store

MANY = 3

QUERY = """
query ($first: Int!) {
  calls(first: $first, orderBy: {field: INITIATED_AT}) {
    nodes {
      id
      transcript { summary }
      voiceAgent { displayName kind publishedVersion { versionNumber } }
      phoneNumber { number voiceAgent { displayName } }
      contact {
        lastName
        account { name owner { displayName } }
        policyholder { customerNumber insuranceAgent { displayName } }
        policies(first: 50, orderBy: {field: CREATED_AT}) {
          totalCount
          nodes {
            policyNumber
            policyType { name }
            provider { name }
            insuranceAgent { displayName kind upline { displayName user { displayName } } }
            deals(first: 50, orderBy: {field: CREATED_AT}) { nodes { title } }
          }
        }
        deals(first: 50, orderBy: {field: CREATED_AT}) {
          nodes {
            title
            stage { name pipeline { name } }
            owner { displayName insuranceAgent { displayName } }
            policy { policyNumber insuranceAgent { displayName } }
            products(first: 50) { nodes { productName } }
          }
        }
        callbackRequests(first: 50, orderBy: {field: CREATED_AT}) {
          nodes {
            number
            queue { name team { name } }
            insuranceAgent { displayName callbackRequests(first: 50, orderBy: {field: CREATED_AT}) { totalCount } }
            activities(first: 50, orderBy: {field: CREATED_AT}) { nodes { description user { displayName } } }
          }
        }
      }
    }
  }
}
"""

REFERENCE = Counter(
    {
        "calls": 1,
        "call_transcripts": 1,
        "voice_agents": 2,  # of the calls, and of their numbers
        "voice_agent_versions": 1,
        "phone_numbers": 1,
        "contacts": 1,
        "accounts": 1,
        "policyholders": 1,
        "policies": 3,  # of the contacts; their count; of the deals
        "policy_types": 1,
        "insurance_providers": 1,
        "insurance_agents": 6,  # of the profiles, policies, deals' policies, deals' owners and callbacks; the uplines
        "users": 4,  # of the accounts, deals, uplines and callbacks' activities
        "deals": 2,  # of the contacts, and of their policies
        "pipeline_stages": 1,
        "pipelines": 1,
        "deal_products": 1,
        "callback_requests": 3,  # of the contacts; of their assignees, and the count of those
        "callback_queues": 1,
        "teams": 1,
        "callback_activities": 1,
    }
)

"""On graphql-core, statements by the table whose rows they read."""

PLANNED = Counter(
    {
        "calls": 1,
        "voice_agent_versions": 1,
        "policyholders": 1,
        "policies": 2,  # of the contacts; their count
        "deals": 2,  # of the contacts, and of their policies
        "deal_products": 1,
        "callback_requests": 3,  # of the contacts; of their assignees, and the count of those
        "callback_activities": 1,
    }
)
"""As planned: a row that another one refers to by its key comes with that one's statement."""


@dataclass(frozen=True)
class Seller:
    """An insurance agent with somebody above who signs in."""

    id: UUID
    shown: dict[str, str]
    upline: dict[str, Any]


async def make_seller(store: Store, tenant: Tenant, **values: Any) -> Seller:
    boss = await access.user(store, tenant)
    upline = await insurance_agents.insurance_agent(store, tenant, user_id=boss.id)
    made = await insurance_agents.insurance_agent(store, tenant, parent_insurance_agent_id=upline.id, **values)
    above = {"displayName": upline.display_name, "user": {"displayName": boss.display_name}}
    return Seller(made.id, {"displayName": made.display_name}, above)


async def make_call(store: Store, tenant: Tenant, number: int) -> dict[str, Any]:
    """A call of somebody of whom there are three of everything, looked after by ever others; what it is shown as."""
    answered, reached = [await voice_agents.voice_agent(store, tenant) for _ in range(2)]
    version = await voice_agents.voice_agent_version(store, tenant, voice_agent_id=answered.id)
    phone = await telephony.phone_number(store, tenant, voice_agent_id=reached.id)
    contact, shown = await make_person(store, tenant, number)
    call = await calls.call(
        store,
        tenant,
        contact_id=contact.id,
        voice_agent_id=answered.id,
        voice_agent_version_id=version.id,
        phone_number_id=phone.id,
        initiated_at=START + timedelta(minutes=number),
    )
    transcript = await calls.call_transcript(store, tenant, call_id=call.id, summary=f"Call {number}")
    return {
        "id": gid(call),
        "transcript": {"summary": transcript.summary},
        "voiceAgent": {
            "displayName": answered.name,
            "kind": "VOICE_AGENT",
            "publishedVersion": {"versionNumber": version.version_number},
        },
        "phoneNumber": {"number": phone.number, "voiceAgent": {"displayName": reached.name}},
        "contact": shown,
    }


async def make_person(store: Store, tenant: Tenant, number: int) -> tuple[Contact, dict[str, Any]]:
    owner = await access.user(store, tenant)
    account = await contacts.account(store, tenant, owner_id=owner.id)
    contact = await contacts.contact(store, tenant, account_id=account.id)
    seller = await make_seller(store, tenant)
    holder = await policies.policyholder(
        store, tenant, contact_id=contact.id, customer_number=f"C-{number}", insurance_agent_id=seller.id
    )
    assignee = await make_seller(store, tenant)
    times = [START + timedelta(seconds=place) for place in range(MANY)]
    return contact, {
        "lastName": contact.last_name,
        "account": {"name": account.name, "owner": {"displayName": owner.display_name}},
        "policyholder": {"customerNumber": holder.customer_number, "insuranceAgent": seller.shown},
        "policies": {
            "totalCount": MANY,
            "nodes": [await make_policy(store, tenant, policyholder_id=holder.id, created_at=at) for at in times],
        },
        "deals": {"nodes": [await make_deal(store, tenant, contact_id=contact.id, created_at=at) for at in times]},
        "callbackRequests": {
            "nodes": [
                await make_callback(store, tenant, assignee, contact_id=contact.id, created_at=at) for at in times
            ]
        },
    }


async def make_policy(store: Store, tenant: Tenant, **values: Any) -> dict[str, Any]:
    seller = await make_seller(store, tenant)
    policy_type = await policies.policy_type(store, tenant)
    provider = await insurance_agents.insurance_provider(store, tenant)
    policy = await policies.policy(
        store,
        tenant,
        policy_type_id=policy_type.id,
        provider_id=provider.id,
        insurance_agent_id=seller.id,
        **values,
    )
    renewals = [
        await deals.deal(store, tenant, policy_id=policy.id, created_at=START + timedelta(seconds=place))
        for place in range(MANY)
    ]
    return {
        "policyNumber": policy.policy_number,
        "policyType": {"name": policy_type.name},
        "provider": {"name": provider.name},
        "insuranceAgent": {**seller.shown, "kind": "INSURANCE_AGENT", "upline": seller.upline},
        "deals": {"nodes": [{"title": each.title} for each in renewals]},
    }


async def make_deal(store: Store, tenant: Tenant, **values: Any) -> dict[str, Any]:
    owner = await access.user(store, tenant)
    seller, insurer = await make_seller(store, tenant, user_id=owner.id), await make_seller(store, tenant)
    policy = await policies.policy(store, tenant, insurance_agent_id=insurer.id)
    pipeline = await deals.pipeline(store, tenant)
    stage = await deals.pipeline_stage(store, tenant, pipeline_id=pipeline.id)
    deal = await deals.deal(
        store, tenant, policy_id=policy.id, stage_id=stage.id, pipeline_id=pipeline.id, owner_id=owner.id, **values
    )
    products = [await deals.deal_product(store, tenant, deal_id=deal.id, position=place + 1) for place in range(MANY)]
    return {
        "title": deal.title,
        "stage": {"name": stage.name, "pipeline": {"name": pipeline.name}},
        "owner": {"displayName": owner.display_name, "insuranceAgent": seller.shown},
        "policy": {"policyNumber": policy.policy_number, "insuranceAgent": insurer.shown},
        "products": {"nodes": [{"productName": product.product_name} for product in products]},
    }


async def make_callback(store: Store, tenant: Tenant, assignee: Seller, **values: Any) -> dict[str, Any]:
    team = await access.team(store, tenant)
    queue = await callbacks.callback_queue(store, tenant, team_id=team.id)
    request = await callbacks.callback_request(
        store, tenant, queue_id=queue.id, insurance_agent_id=assignee.id, **values
    )
    users = [await access.user(store, tenant) for _ in range(MANY)]
    history = [
        await callbacks.callback_activity(
            store,
            tenant,
            callback_request_id=request.id,
            user_id=user.id,
            description=f"Told {user.display_name}",
            created_at=START + timedelta(seconds=place),
        )
        for place, user in enumerate(users)
    ]
    return {
        "number": request.number,
        "queue": {"name": queue.name, "team": {"name": team.name}},
        "insuranceAgent": {**assignee.shown, "callbackRequests": {"totalCount": MANY}},
        "activities": {
            "nodes": [
                {"description": entry.description, "user": {"displayName": user.display_name}}
                for entry, user in zip(history, users, strict=True)
            ]
        },
    }


def main_table(statement: str) -> str:
    """The table whose rows a statement is about: a page's, or the first one it names."""
    named: list[str] = re.findall(r"\bFROM (\w+)", statement)
    return next(name for name in named if name != "unnest")


async def test_calls_lead_to_persons_and_to_all_that_concerns_them(
    store: Store, tenant: Tenant, sign_in: SignIn
) -> None:
    """The client compares with graphql-core's answer."""
    expected = [await make_call(store, tenant, number) for number in range(MANY)]
    answer = await (await sign_in(tenant)).run(QUERY, {"first": MANY})
    assert answer.ok() == {"calls": {"nodes": expected}}


@pytest.mark.parametrize(("is_planning", "pinned"), [(True, PLANNED), (False, REFERENCE)], ids=["planned", "reference"])
async def test_however_many_rows_there_are_the_statements_stay_the_same(
    store: Store, tenant: Tenant, services: Services, is_planning: bool, pinned: Counter[str]
) -> None:
    """BEGIN, tenant and COMMIT are not counted."""
    executor = Executor(schema, is_planning=is_planning)
    for count in range(1, MANY + 1):
        await make_call(store, tenant, count)
        data, statements = await run(executor, services, tenant)
        assert len(data["calls"]["nodes"]) == count
        assert Counter(main_table(each) for each in statements) == pinned
    assert executor.fallbacks == Counter()


async def run(executor: Executor, services: Services, tenant: Tenant) -> tuple[Any, list[str]]:
    """The answer to the query, and the SQL that it took."""
    viewer = Viewer(
        kind=ActorKind.SYSTEM,
        actor_id=uuid4(),
        credential_id=uuid4(),
        organization_id=tenant.organization_id,
        tenant_id=tenant.id,
        user_id=None,
        permissions=frozenset(PERMISSIONS),
    )
    context = Context(services, viewer)
    statements: list[str] = []
    observers = services.database.observers
    observers.append(statements.append)
    try:
        answer = await executor.answer(context, QUERY, {"first": MANY})
    finally:
        observers.remove(statements.append)
        await context.close()
    assert answer.errors == []
    return answer.data, [each for each in statements if "app.set_tenant" not in each]


def test_there_is_at_most_one_statement_per_relation_and_level() -> None:
    """And one for each count."""
    types = TypeInfo(schema._schema)
    found: list[str] = []

    class Relations(Visitor):
        """Notes the fields that lead to rows, and the counts asked for."""

        def enter_field(self, node: FieldNode, *_: Any) -> None:
            """One field, wherever it stands."""
            definition = types.get_field_def()
            declared = definition.extensions.get("strawberry-definition") if definition else None
            if (
                isinstance(getattr(declared, "source", None), ToOne | ToMany | RootMany)
                or node.name.value == "totalCount"
            ):
                found.append(node.name.value)

    visit(parse(QUERY), TypeInfoVisitor(types, Relations()))
    assert PLANNED.total() <= REFERENCE.total() <= len(found)
