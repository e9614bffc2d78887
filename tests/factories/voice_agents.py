"""Voice agents and their versions for tests."""

from typing import Any

from db.enums.voice_agents import VoiceAgentStatus, VoiceAgentVersionStatus
from db.organizations import Tenant
from db.voice_agents import VoiceAgent, VoiceAgentVersion
from tests.support.store import START, Store


async def voice_agent(store: Store, tenant: Tenant, **values: Any) -> VoiceAgent:
    """An active voice agent, without versions."""
    number = store.number()
    return await store.add(
        VoiceAgent(
            **{
                "tenant_id": tenant.id,
                "name": f"Maya {number}",
                "system_prompt": "Greet the caller and ask how to help.",
                "status": VoiceAgentStatus.ACTIVE,
                **values,
            }
        )
    )


async def voice_agent_version(store: Store, tenant: Tenant, **values: Any) -> VoiceAgentVersion:
    """A published version, of a voice agent of its own unless one is given."""
    number = store.number()
    if "voice_agent_id" not in values:
        values["voice_agent_id"] = (await voice_agent(store, tenant)).id
    status = values.setdefault("status", VoiceAgentVersionStatus.PUBLISHED)
    if status is VoiceAgentVersionStatus.PUBLISHED:
        values.setdefault("published_at", START)
    return await store.add(
        VoiceAgentVersion(
            **{
                "tenant_id": tenant.id,
                "version_number": number,
                "system_prompt": "Greet the caller and ask how to help.",
                **values,
            }
        )
    )
