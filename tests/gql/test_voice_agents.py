"""Voice agents and their versions through the API."""

from db.enums.voice_agents import VoiceAgentStatus, VoiceAgentVersionStatus
from db.organizations import Tenant
from tests.factories import calls, telephony, voice_agents
from tests.support.fixtures import SignIn
from tests.support.ids import gid
from tests.support.store import Store


async def test_a_voice_agent_is_read_with_its_versions_numbers_and_calls(
    store: Store, tenant: Tenant, sign_in: SignIn
) -> None:
    maya = await voice_agents.voice_agent(store, tenant, name="Maya", voice_config={"speed": 1.0})
    runs = await voice_agents.voice_agent_version(store, tenant, voice_agent_id=maya.id, version_number=1)
    draft = await voice_agents.voice_agent_version(
        store, tenant, voice_agent_id=maya.id, version_number=2, status=VoiceAgentVersionStatus.DRAFT
    )
    number = await telephony.phone_number(store, tenant, voice_agent_id=maya.id)
    call = await calls.call(store, tenant, voice_agent_id=maya.id, voice_agent_version_id=runs.id)
    client = await sign_in(tenant)
    query = """
    query ($id: ID!) {
      voiceAgent(id: $id) {
        name displayName kind status voiceConfig temperature
        publishedVersion { id voiceAgent { id } calls { nodes { id } } }
        versions(orderBy: { field: CREATED_AT, direction: DESC }) { nodes { id versionNumber status } }
        phoneNumbers { nodes { id voiceAgent { id } } }
        calls { nodes { id voiceAgent { id } voiceAgentVersion { id } } }
        createdBy { id }
      }
      node(id: $id) { ... on Agent { displayName kind } }
    }
    """
    data = (await client.run(query, {"id": gid(maya)})).ok()
    own = {"id": gid(maya)}
    assert data["voiceAgent"] == {
        "name": "Maya",
        "displayName": "Maya",
        "kind": "VOICE_AGENT",
        "status": "ACTIVE",
        "voiceConfig": {"speed": 1.0},
        "temperature": 0.3,
        "publishedVersion": {"id": gid(runs), "voiceAgent": own, "calls": {"nodes": [{"id": gid(call)}]}},
        "versions": {
            "nodes": [
                {"id": gid(draft), "versionNumber": 2, "status": "DRAFT"},
                {"id": gid(runs), "versionNumber": 1, "status": "PUBLISHED"},
            ]
        },
        "phoneNumbers": {"nodes": [{"id": gid(number), "voiceAgent": own}]},
        "calls": {"nodes": [{"id": gid(call), "voiceAgent": own, "voiceAgentVersion": {"id": gid(runs)}}]},
        "createdBy": None,
    }
    assert data["node"] == {"displayName": "Maya", "kind": "VOICE_AGENT"}
    assert len(client.statements) == 7


async def test_voice_agents_are_listed_filtered_ordered_and_searched(
    store: Store, tenant: Tenant, other_tenant: Tenant, sign_in: SignIn
) -> None:
    maya = await voice_agents.voice_agent(store, tenant, name="Maya", description="Renews policies")
    ravi = await voice_agents.voice_agent(store, tenant, name="Ravi", status=VoiceAgentStatus.DRAFT)
    other = await voice_agents.voice_agent(store, other_tenant, name="Maya")
    client = await sign_in(tenant)
    query = """
    query ($other: ID!) {
      all: voiceAgents { totalCount nodes { name } }
      active: voiceAgents(filter: { status: { eq: ACTIVE } }) { nodes { id } }
      found: voiceAgents(search: "renew") { nodes { id } }
      last: voiceAgents(orderBy: { field: NAME, direction: DESC }, first: 1) { nodes { id } }
      none: voiceAgent(id: $other) { id }
    }
    """
    assert (await client.run(query, {"other": gid(other)})).ok() == {
        "all": {"totalCount": 2, "nodes": [{"name": "Maya"}, {"name": "Ravi"}]},
        "active": {"nodes": [{"id": gid(maya)}]},
        "found": {"nodes": [{"id": gid(maya)}]},
        "last": {"nodes": [{"id": gid(ravi)}]},
        "none": None,
    }


async def test_published_versions_of_many_voice_agents_take_one_statement(
    store: Store, tenant: Tenant, sign_in: SignIn
) -> None:
    runs = [await voice_agents.voice_agent_version(store, tenant) for _ in range(4)]
    client = await sign_in(tenant)
    query = "{ voiceAgents { nodes { publishedVersion { id } phoneNumbers { nodes { id } } } } }"
    nodes = (await client.run(query)).ok()["voiceAgents"]["nodes"]
    assert {node["publishedVersion"]["id"] for node in nodes} == {gid(version) for version in runs}
    assert len(client.statements) == 3


async def test_versions_are_listed_and_filtered(
    store: Store, tenant: Tenant, other_tenant: Tenant, sign_in: SignIn
) -> None:
    one = await voice_agents.voice_agent_version(store, tenant)
    tested = await voice_agents.voice_agent_version(
        store, tenant, voice_agent_id=one.voice_agent_id, status=VoiceAgentVersionStatus.TESTING, traffic_weight=20
    )
    other = await voice_agents.voice_agent_version(store, other_tenant)
    client = await sign_in(tenant)
    query = """
    query ($agent: ID!, $one: ID!, $other: ID!) {
      tested: voiceAgentVersions(filter: { status: { eq: TESTING } }) { nodes { id trafficWeight } }
      both: voiceAgentVersions(filter: { voiceAgentId: { eq: $agent } }) { totalCount }
      one: voiceAgentVersion(id: $one) { systemPrompt publishedAt publishedBy { id } createdBy { id } }
      none: voiceAgentVersion(id: $other) { id }
    }
    """
    agent = f"voice_agent_{one.voice_agent_id}"
    assert (await client.run(query, {"agent": agent, "one": gid(one), "other": gid(other)})).ok() == {
        "tested": {"nodes": [{"id": gid(tested), "trafficWeight": 20}]},
        "both": {"totalCount": 2},
        "one": {
            "systemPrompt": "Greet the caller and ask how to help.",
            "publishedAt": "2026-11-20T09:00:00Z",
            "publishedBy": None,
            "createdBy": None,
        },
        "none": None,
    }


async def test_voice_agents_need_their_permission(store: Store, tenant: Tenant, sign_in: SignIn) -> None:
    version = await voice_agents.voice_agent_version(store, tenant)
    stranger = await sign_in(tenant, permissions={"call:read"})
    agent = f"voice_agent_{version.voice_agent_id}"
    for query, variables in (
        ("{ voiceAgents { nodes { id } } }", {}),
        ("{ voiceAgentVersions { nodes { id } } }", {}),
        ("query ($id: ID!) { voiceAgent(id: $id) { id } }", {"id": agent}),
        ("query ($id: ID!) { voiceAgentVersion(id: $id) { id } }", {"id": gid(version)}),
        ("query ($id: ID!) { node(id: $id) { id } }", {"id": agent}),
    ):
        assert (await stranger.run(query, variables)).codes == ["FORBIDDEN"]
