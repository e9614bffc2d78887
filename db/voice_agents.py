"""Rows of the AI agents that speak on calls, and of their versions."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from db.core.base import VersionedRow, search_document, tenant_fk, tenant_root
from db.enums.voice_agents import (
    VoiceAgentLatencyLevel,
    VoiceAgentPhoneIntegration,
    VoiceAgentStatus,
    VoiceAgentVersionStatus,
)


class VoiceAgent(VersionedRow):
    """An AI that speaks on calls, as it is being edited; calls run one of its versions.

    `interruption_threshold` is within 0..1, `temperature` within 0..2, `context_window_size` in tokens.
    """

    __tablename__ = "voice_agents"
    __table_args__ = (
        tenant_root(),
        tenant_fk("created_by_id", "users"),
        tenant_fk("updated_by_id", "users"),
        Index(None, "tenant_id", "created_by_id"),
        Index(None, "tenant_id", "updated_by_id"),
        Index(None, "tenant_id", "status", "name", "id"),
        Index(None, "tenant_id", "status", "created_at", "id"),
        Index(None, "tenant_id", "name", "id"),
        Index(None, "tenant_id", "created_at", "id"),
        CheckConstraint("max_turn_time_ms > 0", name="max_turn_time_ms"),
        CheckConstraint("interruption_threshold BETWEEN 0 AND 1", name="interruption_threshold"),
        CheckConstraint("context_window_size > 0", name="context_window_size"),
        CheckConstraint("temperature BETWEEN 0 AND 2", name="temperature"),
    )

    name: Mapped[str]
    description: Mapped[str | None]
    system_prompt: Mapped[str]
    voice_config: Mapped[dict[str, Any]] = mapped_column(default=dict)
    language_config: Mapped[dict[str, Any]] = mapped_column(default=dict)
    model_config: Mapped[dict[str, Any]] = mapped_column(default=dict)
    automation_config: Mapped[dict[str, Any]] = mapped_column(default=dict)
    edge_optimization: Mapped[dict[str, Any]] = mapped_column(default=dict)
    settings: Mapped[dict[str, Any]] = mapped_column(default=dict)

    status: Mapped[VoiceAgentStatus] = mapped_column(default=VoiceAgentStatus.DRAFT)
    latency_level: Mapped[VoiceAgentLatencyLevel] = mapped_column(default=VoiceAgentLatencyLevel.BALANCED)
    phone_integration: Mapped[VoiceAgentPhoneIntegration] = mapped_column(default=VoiceAgentPhoneIntegration.MANAGED)
    max_turn_time_ms: Mapped[int] = mapped_column(default=1500)
    interruption_threshold: Mapped[float] = mapped_column(default=0.7)
    context_window_size: Mapped[int] = mapped_column(default=32000)
    temperature: Mapped[float] = mapped_column(default=0.3)

    created_by_id: Mapped[UUID | None]
    updated_by_id: Mapped[UUID | None]

    search_document: Mapped[str] = search_document("name", "description")


class VoiceAgentVersion(VersionedRow):
    """One numbered version of a voice agent; a published one does not change any more, and calls name it.

    `version_number` counts from 1 within the voice agent (`version` is the row's own, for `expectedVersion`).
    `traffic_weight`, 0..100, is the version's share among the versions that take calls: the published one and
    those in an A/B test.
    """

    __tablename__ = "voice_agent_versions"
    __table_args__ = (
        tenant_root(),
        tenant_fk("voice_agent_id", "voice_agents"),
        tenant_fk("created_by_id", "users"),
        tenant_fk("published_by_id", "users"),
        UniqueConstraint("tenant_id", "voice_agent_id", "version_number"),
        Index(
            "uq_voice_agent_versions_published",
            "tenant_id",
            "voice_agent_id",
            unique=True,
            postgresql_where=text("status = 'PUBLISHED'"),
        ),
        Index(None, "tenant_id", "voice_agent_id", "created_at", "id"),
        Index(None, "tenant_id", "created_by_id"),
        Index(None, "tenant_id", "published_by_id"),
        Index(None, "tenant_id", "status", "created_at", "id"),
        Index(None, "tenant_id", "created_at", "id"),
        CheckConstraint("version_number >= 1", name="version_number"),
        CheckConstraint("traffic_weight BETWEEN 0 AND 100", name="traffic_weight"),
        CheckConstraint("status <> 'PUBLISHED' OR published_at IS NOT NULL", name="published_at_known"),
    )

    voice_agent_id: Mapped[UUID]
    version_number: Mapped[int]
    status: Mapped[VoiceAgentVersionStatus] = mapped_column(default=VoiceAgentVersionStatus.DRAFT)
    change_note: Mapped[str | None]

    system_prompt: Mapped[str]
    voice_config: Mapped[dict[str, Any]] = mapped_column(default=dict)
    language_config: Mapped[dict[str, Any]] = mapped_column(default=dict)
    model_config: Mapped[dict[str, Any]] = mapped_column(default=dict)
    automation_config: Mapped[dict[str, Any]] = mapped_column(default=dict)
    settings: Mapped[dict[str, Any]] = mapped_column(default=dict)
    ab_test_config: Mapped[dict[str, Any]] = mapped_column(default=dict)
    traffic_weight: Mapped[int] = mapped_column(default=100)
    performance_metrics: Mapped[dict[str, Any]] = mapped_column(default=dict)

    created_by_id: Mapped[UUID | None]
    testing_started_at: Mapped[datetime | None]
    published_at: Mapped[datetime | None]
    published_by_id: Mapped[UUID | None]
    archived_at: Mapped[datetime | None]
