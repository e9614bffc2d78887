"""What clients see of telephony: the tenant's telephone numbers."""

from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Annotated

import strawberry
from strawberry.scalars import JSON

from db.enums import Choice
from db.enums import telephony as enums
from gql.core.arguments import OrderBy, filter_type, lazy, where
from gql.core.connections import Connection, connection, root_connection
from gql.core.enums import enum_type, register
from gql.core.fields import column, computed, to_one
from gql.core.filters import DateTimeFilter, EnumFilter, IdFilter, StringFilter, StringListFilter
from gql.core.node import Node, object_type, root_one
from resolvers.loaders import access as access_loaders
from resolvers.loaders import calls as call_loaders
from resolvers.loaders import integrations as integration_loaders
from resolvers.loaders import telephony as loaders
from resolvers.loaders import voice_agents as voice_agent_loaders

if TYPE_CHECKING:
    from gql.access import User
    from gql.calls import Call
    from gql.integrations import Integration
    from gql.voice_agents import VoiceAgent

register(enums)


@enum_type
class PhoneNumberOrderField(Choice):
    """What telephone numbers can be ordered by."""

    CREATED_AT = "CREATED_AT", "When the number was added."
    NUMBER = "NUMBER", "The number in E.164, as text."


@strawberry.input(description="An order of telephone numbers.")
class PhoneNumberOrder(OrderBy[PhoneNumberOrderField]):
    pass


@filter_type("Which telephone numbers to list: all given conditions hold.")
class PhoneNumberFilter:
    number: StringFilter | None = where("The number, in E.164.")
    label: StringFilter | None = where("What the tenant calls the number.")
    country_code: StringFilter | None = where("The country, in ISO 3166 alpha-2.")
    region: StringFilter | None = where("The region within the country.")
    status: EnumFilter[enums.PhoneNumberStatus] | None = where("Whether the number can be used.")
    acquisition_method: EnumFilter[enums.PhoneNumberAcquisition] | None = where("How the tenant came by it.")
    health_status: EnumFilter[enums.TelephonyHealth] | None = where("How the line fared at its last check.")
    capabilities: StringListFilter | None = where("What the number can carry, such as `VOICE`.")
    provider: StringFilter | None = where("The telephone company, in lower case.")
    voice_agent_id: IdFilter | None = where("The voice agent that answers.", id_of="VoiceAgent")
    integration_id: IdFilter | None = where("The account with the telephone company.", id_of="Integration")
    created_at: DateTimeFilter | None = where("When the number was added.")


@object_type(
    loaders.phone_number_by_id,
    permission="phone_number:read",
    description="A telephone number of the tenant, and the voice agent that answers it.",
)
class PhoneNumber(Node):
    number: str = column("The number, in E.164.")
    formatted_number: str = column("The number as people write it.")
    label: str | None = column("What the tenant calls the number.")
    country_code: str = column("The country, in ISO 3166 alpha-2.")
    area_code: str | None = column("The area code.")
    local_number: str | None = column("The number within its area.")
    region: str | None = column("The region within the country.")
    acquisition_method: enums.PhoneNumberAcquisition = column("How the tenant came by the number.")
    provider: str = column("The telephone company, in lower case.")
    provider_number_id: str | None = column("The number's id at the telephone company.")
    capabilities: list[enums.PhoneNumberCapability] = computed(
        lambda _, number: [enums.PhoneNumberCapability[word] for word in number.capabilities],
        ("capabilities",),
        "What the number can carry.",
    )
    status: enums.PhoneNumberStatus = column("Whether the number can be called and called from.")
    settings: JSON = column("Further settings.")
    monthly_cost: Decimal = column("What the number costs a month, in `currency`.")
    setup_cost: Decimal = column("What it cost to get the number, in `currency`.")
    currency: str = column("The currency of the costs, in ISO 4217.")
    is_compliance_verified: bool = column("Whether the documents that the country asks for were accepted.")
    compliance_documents: JSON = column("The documents that the country asks for, by name.")
    has_emergency_services: bool = column("Whether emergency services can be called from it.")
    health_status: enums.TelephonyHealth = column("How the line fared at its last check.")
    last_health_check_at: datetime | None = column("When the line was last checked.")
    integration: Annotated["Integration", strawberry.lazy("gql.integrations")] | None = to_one(
        integration_loaders.integration_by_id, "integration_id", "The account with the telephone company."
    )
    voice_agent: Annotated["VoiceAgent", strawberry.lazy("gql.voice_agents")] | None = to_one(
        voice_agent_loaders.voice_agent_by_id, "voice_agent_id", "The voice agent that answers the number."
    )
    calls: Connection[Annotated["Call", strawberry.lazy("gql.calls")]] = connection(
        call_loaders.calls_by_phone_number,
        "The calls from and to the number.",
        filter=lazy("CallFilter", "gql.calls"),
        order_by=lazy("CallOrder", "gql.calls"),
    )
    created_by: Annotated["User", strawberry.lazy("gql.access")] | None = to_one(
        access_loaders.user_by_id, "created_by_id", "The user who added the number; none when a program did."
    )
    updated_by: Annotated["User", strawberry.lazy("gql.access")] | None = to_one(
        access_loaders.user_by_id, "updated_by_id", "The user who changed the number last; none when a program did."
    )
    created_at: datetime = column("When the number was added.")
    updated_at: datetime = column("When the number was last changed.")
    version: int = column("Counts the changes: pass it as `expectedVersion`.")


@strawberry.type
class TelephonyQueries:
    phone_number: PhoneNumber | None = root_one(
        loaders.phone_number_by_id, "PhoneNumber", permission="phone_number:read"
    )
    phone_numbers: Connection[PhoneNumber] = root_connection(
        loaders.phone_numbers,
        "The tenant's telephone numbers.",
        permission="phone_number:read",
        filter=PhoneNumberFilter,
        order_by=PhoneNumberOrder,
    )
