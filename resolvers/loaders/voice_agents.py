"""Batched reads of voice agents and their versions."""

from db import voice_agents as rows
from db.enums.voice_agents import VoiceAgentVersionStatus
from resolvers.core.loaders import ById, ByUnique
from resolvers.core.pagination import Listing, PagesBy

voice_agent_by_id = ById(rows.VoiceAgent)
voice_agent_version_by_id = ById(rows.VoiceAgentVersion)
published_version_by_voice_agent = ByUnique(
    rows.VoiceAgentVersion,
    rows.VoiceAgentVersion.voice_agent_id,
    rows.VoiceAgentVersion.status == VoiceAgentVersionStatus.PUBLISHED,
)

voice_agents = Listing(
    rows.VoiceAgent,
    orders={
        "CREATED_AT": rows.VoiceAgent.created_at,
        "NAME": rows.VoiceAgent.name,
    },
    default_order="NAME",
    filters={
        "status": rows.VoiceAgent.status,
        "latency_level": rows.VoiceAgent.latency_level,
        "phone_integration": rows.VoiceAgent.phone_integration,
        "name": rows.VoiceAgent.name,
        "created_by_id": rows.VoiceAgent.created_by_id,
        "created_at": rows.VoiceAgent.created_at,
        "updated_at": rows.VoiceAgent.updated_at,
    },
    is_searchable=True,
)

voice_agent_versions = Listing(
    rows.VoiceAgentVersion,
    orders={"CREATED_AT": rows.VoiceAgentVersion.created_at},
    default_order="CREATED_AT",
    is_default_descending=True,
    filters={
        "voice_agent_id": rows.VoiceAgentVersion.voice_agent_id,
        "status": rows.VoiceAgentVersion.status,
        "version_number": rows.VoiceAgentVersion.version_number,
        "traffic_weight": rows.VoiceAgentVersion.traffic_weight,
        "published_at": rows.VoiceAgentVersion.published_at,
        "created_at": rows.VoiceAgentVersion.created_at,
    },
)

voice_agent_versions_by_voice_agent = PagesBy(
    voice_agent_versions, lambda key: rows.VoiceAgentVersion.voice_agent_id == key
)
