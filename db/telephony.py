"""Rows of the telephone numbers of a tenant."""

from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, Numeric, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from db.core.base import VersionedRow, search_document, tenant_fk, tenant_root
from db.enums.telephony import PhoneNumberAcquisition, PhoneNumberStatus, TelephonyHealth


class PhoneNumber(VersionedRow):
    """A telephone number of the tenant, and the voice agent that answers it.

    `number` is E.164, `formatted_number` the same for people; `country_code` is ISO 3166-1 alpha-2.
    `capabilities` are values of PhoneNumberCapability. `provider` names the telephony company,
    `provider_number_id` is its id there. Costs are in `currency`, to a hundredth of a cent.
    """

    __tablename__ = "phone_numbers"
    __table_args__ = (
        tenant_root(),
        tenant_fk("integration_id", "integrations"),
        tenant_fk("voice_agent_id", "voice_agents"),
        tenant_fk("created_by_id", "users"),
        tenant_fk("updated_by_id", "users"),
        UniqueConstraint("tenant_id", "number"),
        Index(None, "tenant_id", "integration_id", "id"),
        Index(None, "tenant_id", "voice_agent_id", "id"),
        Index(None, "tenant_id", "created_by_id"),
        Index(None, "tenant_id", "updated_by_id"),
        Index(None, "tenant_id", "status", "created_at", "id"),
        Index(None, "tenant_id", "acquisition_method", "status", "id"),
        Index(None, "tenant_id", "region", "status", "id"),
        Index(None, "tenant_id", "health_status", "last_health_check_at", "id"),
        Index(None, "tenant_id", "created_at", "id"),
        CheckConstraint(r"number ~ '^\+[1-9][0-9]{3,14}$'", name="number"),
        CheckConstraint("country_code ~ '^[A-Z]{2}$'", name="country_code"),
        CheckConstraint("currency ~ '^[A-Z]{3}$'", name="currency"),
        CheckConstraint("capabilities <@ ARRAY['VOICE', 'SMS', 'FAX', 'MMS']", name="capabilities"),
        CheckConstraint("monthly_cost >= 0", name="monthly_cost"),
        CheckConstraint("setup_cost >= 0", name="setup_cost"),
    )

    number: Mapped[str]
    formatted_number: Mapped[str]
    label: Mapped[str | None]
    country_code: Mapped[str]
    area_code: Mapped[str | None]
    local_number: Mapped[str | None]
    region: Mapped[str | None]

    acquisition_method: Mapped[PhoneNumberAcquisition] = mapped_column(default=PhoneNumberAcquisition.MANAGED)
    provider: Mapped[str]
    provider_number_id: Mapped[str | None]
    integration_id: Mapped[UUID | None]
    voice_agent_id: Mapped[UUID | None]
    capabilities: Mapped[list[str]] = mapped_column(default=lambda: ["VOICE"])
    status: Mapped[PhoneNumberStatus] = mapped_column(default=PhoneNumberStatus.PENDING)
    settings: Mapped[dict[str, Any]] = mapped_column(default=dict)

    monthly_cost: Mapped[Decimal] = mapped_column(Numeric(18, 4), default=Decimal(1))
    setup_cost: Mapped[Decimal] = mapped_column(Numeric(18, 4), default=Decimal(0))
    currency: Mapped[str] = mapped_column(default="USD")

    is_compliance_verified: Mapped[bool] = mapped_column(default=False)
    compliance_documents: Mapped[dict[str, Any]] = mapped_column(default=dict)
    has_emergency_services: Mapped[bool] = mapped_column(default=True)
    health_status: Mapped[TelephonyHealth] = mapped_column(default=TelephonyHealth.UNKNOWN)
    last_health_check_at: Mapped[datetime | None]

    created_by_id: Mapped[UUID | None]
    updated_by_id: Mapped[UUID | None]

    search_document: Mapped[str] = search_document("number", "formatted_number", "label")
