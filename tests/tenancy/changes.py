"""For every mutation that takes ids: inputs that are accepted, with each of their ids filled in."""

import dataclasses
from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, get_args

from graphql import GraphQLField, get_named_type
from sqlalchemy import select, update

from db.enums.callbacks import CallbackStatus
from db.enums.events import ActorKind, EventType
from db.enums.policies import PolicyStatus
from db.events import Event, TenantClock
from gql.core.arguments import ID_TYPE
from gql.core.ids import encode_id
from resolvers.core.errors import camel
from tests.factories import access, callbacks, contacts, deals, insurance_agents, integrations, policies, webhooks
from tests.support.ids import gid
from tests.support.schema import root_type
from tests.support.store import START, Store
from tests.tenancy.worlds import Inhabitant

Input = dict[str, Any]
Prepare = Callable[[Store, Inhabitant], Awaitable[Input]]
Path = tuple[str | int, ...]


@dataclass(frozen=True)
class Case:
    """A mutation and a way to prepare a tenant for it, which returns the input."""

    mutation: str
    prepare: Prepare


def _own(tenant: Inhabitant, type_name: str) -> str:
    return encode_id(type_name, tenant.rows[type_name].id)


async def _contact_create(store: Store, tenant: Inhabitant) -> Input:
    return {"firstName": "Ada", "accountId": _own(tenant, "Account"), "ownerId": _own(tenant, "User")}


async def _contact_update(store: Store, tenant: Inhabitant) -> Input:
    made = await contacts.contact(store, tenant.tenant)
    around = {"accountId": _own(tenant, "Account"), "ownerId": _own(tenant, "User")}
    return {"id": gid(made), "firstName": "Another", **around}


def _around_a_deal(tenant: Inhabitant) -> Input:
    named = {
        "contactId": "Contact",
        "accountId": "Account",
        "policyId": "Policy",
        "ownerId": "User",
        "teamId": "Team",
    }
    return {name: _own(tenant, type_name) for name, type_name in named.items()}


async def _deal_create(store: Store, tenant: Inhabitant) -> Input:
    made = await deals.flow(store, tenant.tenant)
    return {"title": "A deal", "pipelineId": gid(made.pipeline), "stageId": gid(made.new), **_around_a_deal(tenant)}


async def _deal_update(store: Store, tenant: Inhabitant) -> Input:
    return {"id": gid(await deals.deal(store, tenant.tenant)), "title": "Another title", **_around_a_deal(tenant)}


async def _deal_move(store: Store, tenant: Inhabitant) -> Input:
    made = await deals.flow(store, tenant.tenant)
    deal = await deals.deal(store, tenant.tenant, pipeline_id=made.pipeline.id, stage_id=made.new.id)
    return {"id": gid(deal), "stageId": gid(made.talk)}


async def _callback_create(store: Store, tenant: Inhabitant) -> Input:
    return {
        "contactId": _own(tenant, "Contact"),
        "requestType": "GENERAL_INQUIRY",
        "description": "Please call.",
        "queueId": _own(tenant, "CallbackQueue"),
        "callId": _own(tenant, "Call"),
    }


async def _callback_assign(store: Store, tenant: Inhabitant) -> Input:
    made = await callbacks.callback_request(store, tenant.tenant)
    agent = await insurance_agents.insurance_agent(store, tenant.tenant)
    return {"id": gid(made), "insuranceAgentId": gid(agent)}


async def _assigned(store: Store, tenant: Inhabitant, **values: Any) -> Input:
    agent = await insurance_agents.insurance_agent(store, tenant.tenant)
    given = {"insurance_agent_id": agent.id, "assigned_at": START, "status": CallbackStatus.ASSIGNED, **values}
    return {"id": gid(await callbacks.callback_request(store, tenant.tenant, **given))}


async def _callback_start(store: Store, tenant: Inhabitant) -> Input:
    return await _assigned(store, tenant)


async def _callback_complete(store: Store, tenant: Inhabitant) -> Input:
    return await _assigned(store, tenant, status=CallbackStatus.IN_PROGRESS, started_at=START)


async def _callback_cancel(store: Store, tenant: Inhabitant) -> Input:
    return {**await _assigned(store, tenant), "reason": "No longer needed."}


async def _integration_rotate(store: Store, tenant: Inhabitant) -> Input:
    return {"id": gid(await integrations.integration(store, tenant.tenant)), "secret": "a-new-secret-of-Twilio"}


async def _api_key_revoke(store: Store, tenant: Inhabitant) -> Input:
    return {"id": gid((await access.api_key(store, tenant.tenant)).row), "reason": "Lost."}


async def _policy_for_a_policyholder(store: Store, tenant: Inhabitant) -> Input:
    provider = await insurance_agents.insurance_provider(store, tenant.tenant)
    return {
        "policyholderId": _own(tenant, "Policyholder"),
        "policyTypeId": gid(await policies.policy_type(store, tenant.tenant)),
        "providerId": gid(provider),
        "insuranceAgentId": gid(await insurance_agents.insurance_agent(store, tenant.tenant)),
        "policyNumber": f"NEW-{store.number()}",
        "planName": "Jeevan Anand",
        "sumAssured": "100000.00",
        "premiumAmount": "1000.00",
        "premiumFrequency": "MONTHLY",
        "startOn": "2026-12-01",
        "maturityOn": "2046-12-01",
    }


async def _policy_for_a_contact(store: Store, tenant: Inhabitant) -> Input:
    given = await _policy_for_a_policyholder(store, tenant)
    del given["policyholderId"]
    return {**given, "contactId": gid(await contacts.contact(store, tenant.tenant))}


async def _policy_status_change(store: Store, tenant: Inhabitant) -> Input:
    made = await policies.policy(store, tenant.tenant, status=PolicyStatus.DRAFT)
    return {"id": gid(made), "status": "PENDING_APPROVAL"}


async def _webhook_endpoint(store: Store, tenant: Inhabitant, **values: Any) -> Input:
    return {"id": gid(await webhooks.webhook_endpoint(store, tenant.tenant, **values))}


async def _webhook_endpoint_update(store: Store, tenant: Inhabitant) -> Input:
    return {**await _webhook_endpoint(store, tenant), "description": "Another description"}


async def _webhook_endpoint_secret_rotate(store: Store, tenant: Inhabitant) -> Input:
    return await _webhook_endpoint(store, tenant)


async def _webhook_endpoint_delete(store: Store, tenant: Inhabitant) -> Input:
    return await _webhook_endpoint(store, tenant)


async def _webhook_endpoint_test(store: Store, tenant: Inhabitant) -> Input:
    return await _webhook_endpoint(store, tenant)


async def _webhook_endpoint_redeliver(store: Store, tenant: Inhabitant) -> Input:
    [position] = await store.all(select(TenantClock.last_position).where(TenantClock.tenant_id == tenant.tenant.id))
    event = Event(
        tenant_id=tenant.tenant.id,
        position=position + 1,
        type=EventType.CALL_CREATED,
        object_type="Call",
        object_id=tenant.rows["Call"].id,
        actor_kind=ActorKind.SYSTEM,
        occurred_at=START,
    )
    await store.add(event)
    clock = update(TenantClock).where(TenantClock.tenant_id == tenant.tenant.id)
    await store.execute(clock.values(last_position=position + 1))
    return {
        **await _webhook_endpoint(store, tenant, queued_position=10**6),
        "fromPosition": "1",
        "toPosition": "1000",
    }


CASES: Final = (
    Case("contactCreate", _contact_create),
    Case("contactUpdate", _contact_update),
    Case("dealCreate", _deal_create),
    Case("dealUpdate", _deal_update),
    Case("dealMove", _deal_move),
    Case("callbackCreate", _callback_create),
    Case("callbackAssign", _callback_assign),
    Case("callbackStart", _callback_start),
    Case("callbackComplete", _callback_complete),
    Case("callbackCancel", _callback_cancel),
    Case("integrationRotate", _integration_rotate),
    Case("apiKeyRevoke", _api_key_revoke),
    Case("policyCreate", _policy_for_a_policyholder),
    Case("policyCreate", _policy_for_a_contact),
    Case("policyStatusChange", _policy_status_change),
    Case("webhookEndpointUpdate", _webhook_endpoint_update),
    Case("webhookEndpointSecretRotate", _webhook_endpoint_secret_rotate),
    Case("webhookEndpointDelete", _webhook_endpoint_delete),
    Case("webhookEndpointTest", _webhook_endpoint_test),
    Case("webhookEndpointRedeliver", _webhook_endpoint_redeliver),
)


def id_fields(mutation: GraphQLField) -> set[Path]:
    """Where the input of a mutation takes ids, as the metadata of its fields says; positions in lists are left out."""
    if "input" not in mutation.args:
        return set()
    return set(_id_fields(get_named_type(mutation.args["input"].type).extensions["strawberry-definition"].origin))


def _id_fields(input_class: Any) -> Iterator[Path]:
    for field in dataclasses.fields(input_class):
        name = camel(field.name)
        if field.metadata.get(ID_TYPE):
            yield (name,)
        for inner in _inner_inputs(field.type):
            yield from ((name, *path) for path in _id_fields(inner))


def _inner_inputs(annotation: Any) -> Iterator[Any]:
    """The input classes in the type of an input's field."""
    annotation = getattr(annotation, "of_type", annotation)
    if dataclasses.is_dataclass(annotation) and hasattr(annotation, "__strawberry_definition__"):
        yield annotation
    for part in get_args(annotation):
        yield from _inner_inputs(part)
    if (inner := getattr(annotation, "of_type", None)) is not None:
        yield from _inner_inputs(inner)


def ids_in(value: Any, mutation: str, path: Path = ()) -> Iterator[Path]:
    """The paths of an input's values where the mutation takes ids."""
    if isinstance(value, list):
        for index, part in enumerate(value):
            yield from ids_in(part, mutation, (*path, index))
    elif isinstance(value, Mapping):
        for name, part in value.items():
            yield from ids_in(part, mutation, (*path, name))
    elif named(path) in id_fields(root_type("Mutation").fields[mutation]):
        yield path


def named(path: Path) -> Path:
    """The path without the positions in lists."""
    return tuple(part for part in path if isinstance(part, str))


def replaced(given: Any, path: Path, by: Any) -> Any:
    """The input with the value at the path taken from another input of the same shape."""
    if not path:
        return by
    head, *rest = path
    if isinstance(given, list):
        assert isinstance(head, int)
        return [replaced(part, tuple(rest), by[head]) if i == head else part for i, part in enumerate(given)]
    return {**given, head: replaced(given[head], tuple(rest), by[head])}
