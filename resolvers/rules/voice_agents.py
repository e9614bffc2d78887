"""How voice agents and their versions live: what may follow what, what stays, how many are active."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Final
from uuid import UUID

from db.enums.voice_agents import VoiceAgentStatus, VoiceAgentVersionStatus
from resolvers.rules import IllegalTransition, Invalid, LimitExceeded

VERSION_TRANSITIONS: Final[Mapping[VoiceAgentVersionStatus, tuple[VoiceAgentVersionStatus, ...]]] = MappingProxyType(
    {
        VoiceAgentVersionStatus.DRAFT: (
            VoiceAgentVersionStatus.TESTING,
            VoiceAgentVersionStatus.ARCHIVED,
        ),
        VoiceAgentVersionStatus.TESTING: (
            VoiceAgentVersionStatus.PUBLISHED,
            VoiceAgentVersionStatus.ARCHIVED,
        ),
        VoiceAgentVersionStatus.PUBLISHED: (VoiceAgentVersionStatus.ARCHIVED,),
        VoiceAgentVersionStatus.ARCHIVED: (),
    }
)
"""From each status those that may follow. None leads back: calls name the version that they ran."""

AGENT_TRANSITIONS: Final[Mapping[VoiceAgentStatus, tuple[VoiceAgentStatus, ...]]] = MappingProxyType(
    {
        VoiceAgentStatus.DRAFT: (VoiceAgentStatus.ACTIVE, VoiceAgentStatus.ARCHIVED),
        VoiceAgentStatus.ACTIVE: (VoiceAgentStatus.INACTIVE, VoiceAgentStatus.ARCHIVED),
        VoiceAgentStatus.INACTIVE: (VoiceAgentStatus.ACTIVE, VoiceAgentStatus.ARCHIVED),
        VoiceAgentStatus.ARCHIVED: (),
    }
)
"""From each status of a voice agent those that may follow."""

_TIMESTAMPS: Final[Mapping[VoiceAgentVersionStatus, str]] = MappingProxyType(
    {
        VoiceAgentVersionStatus.TESTING: "testing_started_at",
        VoiceAgentVersionStatus.PUBLISHED: "published_at",
        VoiceAgentVersionStatus.ARCHIVED: "archived_at",
    }
)


@dataclass(frozen=True, slots=True)
class VersionChange:
    """A version's new status and the timestamps that go with it, by column."""

    version_id: UUID
    old_status: VoiceAgentVersionStatus
    new_status: VoiceAgentVersionStatus
    timestamps: Mapping[str, datetime]


def start_testing(version_id: UUID, status: VoiceAgentVersionStatus, now: datetime) -> VersionChange:
    """Try a draft out; from here on it does not change any more."""
    return _version_change(version_id, status, VoiceAgentVersionStatus.TESTING, now)


def publish(
    version_id: UUID, status: VoiceAgentVersionStatus, published_id: UUID | None, now: datetime
) -> tuple[VersionChange, ...]:
    """Let a tested version take the calls; `published_id` is the one that takes them so far.

    A voice agent has at most one published version, so the earlier one is archived: both changes, to be
    written in this order.
    """
    published = _version_change(version_id, status, VoiceAgentVersionStatus.PUBLISHED, now)
    if published_id is None:
        return (published,)
    replaced = _version_change(published_id, VoiceAgentVersionStatus.PUBLISHED, VoiceAgentVersionStatus.ARCHIVED, now)
    return (replaced, published)


def archive(
    version_id: UUID, status: VoiceAgentVersionStatus, agent_status: VoiceAgentStatus, now: datetime
) -> VersionChange:
    """Put a version away; the published one only while its voice agent takes no calls."""
    if status is VoiceAgentVersionStatus.PUBLISHED and agent_status is VoiceAgentStatus.ACTIVE:
        message = "takes the calls of an active voice agent: publish another one, or deactivate the agent"
        raise Invalid(("version_id",), message, "NOT_ALLOWED")
    return _version_change(version_id, status, VoiceAgentVersionStatus.ARCHIVED, now)


def check_version_editable(status: VoiceAgentVersionStatus) -> None:
    """Refuse to change what a version says unless it is a draft: later ones may have run calls already."""
    if status is not VoiceAgentVersionStatus.DRAFT:
        raise Invalid(("version_id",), f"is {status} and cannot be changed; make a new version", "IMMUTABLE")


def check_agent_transition(status: VoiceAgentStatus, wanted: VoiceAgentStatus, has_published_version: bool) -> None:
    """Refuse a status that may not follow, and to activate what has no published version to run."""
    allowed = AGENT_TRANSITIONS[status]
    if wanted not in allowed:
        raise IllegalTransition(status, wanted, allowed)
    if wanted is VoiceAgentStatus.ACTIVE and not has_published_version:
        raise Invalid(("status",), "cannot be ACTIVE before a version is published", "NOT_ALLOWED")


def check_activation_limit(active_agents: int, max_voice_agents: int) -> None:
    """Refuse one more active voice agent than the tenant may have; `active_agents` are those so far."""
    if active_agents >= max_voice_agents:
        raise LimitExceeded("active voice agents", max_voice_agents)


def _version_change(
    version_id: UUID, status: VoiceAgentVersionStatus, wanted: VoiceAgentVersionStatus, now: datetime
) -> VersionChange:
    allowed = VERSION_TRANSITIONS[status]
    if wanted not in allowed:
        raise IllegalTransition(status, wanted, allowed)
    return VersionChange(version_id, status, wanted, {_TIMESTAMPS[wanted]: now})
