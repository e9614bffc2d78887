"""Telephone numbers through the API."""

from decimal import Decimal

from db.enums.telephony import PhoneNumberStatus
from db.organizations import Tenant
from tests.factories import calls, integrations, telephony, voice_agents
from tests.support.fixtures import SignIn
from tests.support.ids import gid
from tests.support.store import Store


async def test_a_number_is_read_with_what_answers_and_carries_it(store: Store, tenant: Tenant, sign_in: SignIn) -> None:
    maya = await voice_agents.voice_agent(store, tenant, name="Maya")
    integration = await integrations.integration(store, tenant)
    number = await telephony.phone_number(
        store,
        tenant,
        number="+912248001234",
        voice_agent_id=maya.id,
        integration_id=integration.id,
        capabilities=["VOICE", "SMS"],
        monthly_cost=Decimal("1.1500"),
    )
    call = await calls.call(store, tenant, phone_number_id=number.id)
    client = await sign_in(tenant)
    query = """
    query ($id: ID!) {
      phoneNumber(id: $id) {
        number countryCode provider status capabilities monthlyCost currency healthStatus
        voiceAgent { name }
        integration { id }
        calls { nodes { id phoneNumber { number } } }
        createdBy { id } updatedBy { id }
      }
    }
    """
    assert (await client.run(query, {"id": gid(number)})).ok()["phoneNumber"] == {
        "number": "+912248001234",
        "countryCode": "IN",
        "provider": "twilio",
        "status": "ACTIVE",
        "capabilities": ["VOICE", "SMS"],
        "monthlyCost": "1.1500",
        "currency": "USD",
        "healthStatus": "UNKNOWN",
        "voiceAgent": {"name": "Maya"},
        "integration": {"id": gid(integration)},
        "calls": {"nodes": [{"id": gid(call), "phoneNumber": {"number": "+912248001234"}}]},
        "createdBy": None,
        "updatedBy": None,
    }
    assert len(client.statements) == 2


async def test_numbers_are_listed_filtered_ordered_and_searched(
    store: Store, tenant: Tenant, other_tenant: Tenant, sign_in: SignIn
) -> None:
    mumbai = await telephony.phone_number(store, tenant, number="+912248000001", label="Mumbai", region="MH")
    delhi = await telephony.phone_number(
        store, tenant, number="+911148000001", label="Delhi", status=PhoneNumberStatus.PORTING
    )
    other = await telephony.phone_number(store, other_tenant, label="Mumbai")
    client = await sign_in(tenant)
    query = """
    query ($other: ID!) {
      all: phoneNumbers { totalCount nodes { id } }
      porting: phoneNumbers(filter: { status: { eq: PORTING } }) { nodes { id } }
      west: phoneNumbers(filter: { number: { startsWith: "+9122" }, capabilities: { has: "VOICE" } }) { nodes { id } }
      found: phoneNumbers(search: "mumbai") { nodes { id } }
      last: phoneNumbers(orderBy: { field: NUMBER, direction: DESC }, first: 1) { nodes { id } }
      none: phoneNumber(id: $other) { id }
    }
    """
    assert (await client.run(query, {"other": gid(other)})).ok() == {
        "all": {"totalCount": 2, "nodes": [{"id": gid(delhi)}, {"id": gid(mumbai)}]},
        "porting": {"nodes": [{"id": gid(delhi)}]},
        "west": {"nodes": [{"id": gid(mumbai)}]},
        "found": {"nodes": [{"id": gid(mumbai)}]},
        "last": {"nodes": [{"id": gid(mumbai)}]},
        "none": None,
    }


async def test_numbers_need_their_permission(store: Store, tenant: Tenant, sign_in: SignIn) -> None:
    number = await telephony.phone_number(store, tenant)
    stranger = await sign_in(tenant, permissions={"call:read"})
    assert (await stranger.run("{ phoneNumbers { nodes { id } } }")).codes == ["FORBIDDEN"]
    query = "query ($id: ID!) { phoneNumber(id: $id) { id } }"
    assert (await stranger.run(query, {"id": gid(number)})).codes == ["FORBIDDEN"]
