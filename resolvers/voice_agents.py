"""What others ask of voice agents while they write: which version runs now."""

from uuid import UUID

from sqlalchemy import select

from db import voice_agents as rows
from db.enums.voice_agents import VoiceAgentVersionStatus
from resolvers.core.writes import Write


async def published_version_id(write: Write, voice_agent_id: UUID | None) -> UUID | None:
    """The version of the voice agent that takes calls now; None when none is published."""
    if voice_agent_id is None:
        return None
    found: UUID | None = await write.session.scalar(
        select(rows.VoiceAgentVersion.id).where(
            rows.VoiceAgentVersion.voice_agent_id == voice_agent_id,
            rows.VoiceAgentVersion.status == VoiceAgentVersionStatus.PUBLISHED,
        )
    )
    return found
