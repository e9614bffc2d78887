"""What clients see of voice agents: the AIs that speak on calls, and their versions."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import strawberry
from strawberry.scalars import JSON

from db.enums import Choice
from db.enums import voice_agents as enums
from gql.core.agent import Agent, AgentKind, of_kind
from gql.core.arguments import OrderBy, filter_type, lazy, where
from gql.core.connections import Connection, connection, root_connection
from gql.core.enums import enum_type, register
from gql.core.fields import column, to_one
from gql.core.filters import DateTimeFilter, EnumFilter, IdFilter, IntFilter, StringFilter
from gql.core.node import Node, object_type, root_one
from resolvers.loaders import access as access_loaders
from resolvers.loaders import calls as call_loaders
from resolvers.loaders import telephony as phone_number_loaders
from resolvers.loaders import voice_agents as loaders

if TYPE_CHECKING:
    from gql.access import User
    from gql.calls import Call
    from gql.telephony import PhoneNumber

register(enums)


@enum_type
class VoiceAgentVersionOrderField(Choice):
    """What versions of voice agents can be ordered by."""

    CREATED_AT = "CREATED_AT", "When the version was created."


@strawberry.input(description="An order of versions of voice agents.")
class VoiceAgentVersionOrder(OrderBy[VoiceAgentVersionOrderField]):
    pass


@filter_type("Which versions of voice agents to list: all given conditions hold.")
class VoiceAgentVersionFilter:
    voice_agent_id: IdFilter | None = where("The voice agent.", id_of="VoiceAgent")
    status: EnumFilter[enums.VoiceAgentVersionStatus] | None = where("How far the version has come.")
    version_number: IntFilter | None = where("The number of the version within its voice agent.")
    traffic_weight: IntFilter | None = where("The version's share of calls among those that take calls.")
    published_at: DateTimeFilter | None = where("When the version was published.")
    created_at: DateTimeFilter | None = where("When the version was created.")


@object_type(
    loaders.voice_agent_version_by_id,
    permission="voice_agent:read",
    description="One version of a voice agent: what calls run. A published one does not change any more.",
)
class VoiceAgentVersion(Node):
    version_number: int = column("Counts the versions of the voice agent, from 1.")
    status: enums.VoiceAgentVersionStatus = column("How far the version has come.")
    change_note: str | None = column("What the version changes, in its author's words.")
    system_prompt: str = column("What the voice agent is told before every call.")
    voice_config: JSON = column("The voice: model, style, speed, pitch and the like.")
    language_config: JSON = column("The languages: primary, supported, and whether to detect them.")
    model_config: JSON = column("The language models, and how one is chosen.")
    automation_config: JSON = column("What the voice agent may do by itself, such as calling tools.")
    settings: JSON = column("Further settings.")
    ab_test_config: JSON = column("How the version is tried out beside the published one.")
    traffic_weight: int = column("The share of calls, 0 to 100, among the versions that take calls.")
    performance_metrics: JSON = column("Figures of the version's calls so far.")
    testing_started_at: datetime | None = column("When the version began to be tried out.")
    published_at: datetime | None = column("When the version was published.")
    archived_at: datetime | None = column("When the version was replaced or put away.")
    voice_agent: Annotated["VoiceAgent", strawberry.lazy("gql.voice_agents")] | None = to_one(
        loaders.voice_agent_by_id, "voice_agent_id", "The voice agent."
    )
    created_by: Annotated["User", strawberry.lazy("gql.access")] | None = to_one(
        access_loaders.user_by_id, "created_by_id", "The user who made the version; none when a program did."
    )
    published_by: Annotated["User", strawberry.lazy("gql.access")] | None = to_one(
        access_loaders.user_by_id, "published_by_id", "The user who published the version."
    )
    calls: Connection[Annotated["Call", strawberry.lazy("gql.calls")]] = connection(
        call_loaders.calls_by_voice_agent_version,
        "The calls that ran this version.",
        filter=lazy("CallFilter", "gql.calls"),
        order_by=lazy("CallOrder", "gql.calls"),
    )
    created_at: datetime = column("When the version was created.")
    updated_at: datetime = column("When the version was last changed.")
    version: int = column("Counts the changes: pass it as `expectedVersion`. Not the number of the version.")


@enum_type
class VoiceAgentOrderField(Choice):
    """What voice agents can be ordered by."""

    CREATED_AT = "CREATED_AT", "When the voice agent was created."
    NAME = "NAME", "The name."


@strawberry.input(description="An order of voice agents.")
class VoiceAgentOrder(OrderBy[VoiceAgentOrderField]):
    pass


@filter_type("Which voice agents to list: all given conditions hold.")
class VoiceAgentFilter:
    status: EnumFilter[enums.VoiceAgentStatus] | None = where("Whether the voice agent takes calls.")
    latency_level: EnumFilter[enums.VoiceAgentLatencyLevel] | None = where("What it gives up for a quick answer.")
    phone_integration: EnumFilter[enums.VoiceAgentPhoneIntegration] | None = where("How calls reach it.")
    name: StringFilter | None = where("The name.")
    created_by_id: IdFilter | None = where("The user who created the voice agent.", id_of="User")
    created_at: DateTimeFilter | None = where("When the voice agent was created.")
    updated_at: DateTimeFilter | None = where("When the voice agent was last changed.")


@object_type(
    loaders.voice_agent_by_id,
    permission="voice_agent:read",
    description="An AI that speaks on calls, as it is being edited; calls run one of its versions.",
)
class VoiceAgent(Agent):
    display_name: str = column("The name that customers and colleagues see.", of="name")
    kind: AgentKind = of_kind(AgentKind.VOICE_AGENT)
    name: str = column("The name.")
    description: str | None = column("What the voice agent is for.")
    system_prompt: str = column("What it is told before every call.")
    voice_config: JSON = column("The voice: model, style, speed, pitch and the like.")
    language_config: JSON = column("The languages: primary, supported, and whether to detect them.")
    model_config: JSON = column("The language models, and how one is chosen.")
    automation_config: JSON = column("What it may do by itself, such as calling tools.")
    edge_optimization: JSON = column("Whether and where answers are computed near the caller.")
    settings: JSON = column("Further settings.")
    status: enums.VoiceAgentStatus = column("Whether it takes calls.")
    latency_level: enums.VoiceAgentLatencyLevel = column("What it gives up for a quick answer.")
    phone_integration: enums.VoiceAgentPhoneIntegration = column("By which way calls reach it.")
    max_turn_time_ms: int = column("How long it may take to answer, in milliseconds.")
    interruption_threshold: float = column("How readily it lets itself be interrupted, 0 to 1.")
    context_window_size: int = column("How much of a call it keeps in mind, in tokens.")
    temperature: float = column("How freely it words its answers, 0 to 2.")
    versions: Connection[VoiceAgentVersion] = connection(
        loaders.voice_agent_versions_by_voice_agent,
        "Its versions.",
        filter=VoiceAgentVersionFilter,
        order_by=VoiceAgentVersionOrder,
    )
    published_version: VoiceAgentVersion | None = to_one(
        loaders.published_version_by_voice_agent, "id", "The version that takes calls."
    )
    phone_numbers: Connection[Annotated["PhoneNumber", strawberry.lazy("gql.telephony")]] = connection(
        phone_number_loaders.phone_numbers_by_voice_agent,
        "The telephone numbers that it answers.",
        filter=lazy("PhoneNumberFilter", "gql.telephony"),
        order_by=lazy("PhoneNumberOrder", "gql.telephony"),
    )
    calls: Connection[Annotated["Call", strawberry.lazy("gql.calls")]] = connection(
        call_loaders.calls_by_voice_agent,
        "Its calls.",
        filter=lazy("CallFilter", "gql.calls"),
        order_by=lazy("CallOrder", "gql.calls"),
    )
    created_by: Annotated["User", strawberry.lazy("gql.access")] | None = to_one(
        access_loaders.user_by_id, "created_by_id", "The user who created it; none when a program did."
    )
    updated_by: Annotated["User", strawberry.lazy("gql.access")] | None = to_one(
        access_loaders.user_by_id, "updated_by_id", "The user who changed it last; none when a program did."
    )
    created_at: datetime = column("When the voice agent was created.")
    updated_at: datetime = column("When the voice agent was last changed.")
    version: int = column("Counts the changes: pass it as `expectedVersion`.")


@strawberry.type
class VoiceAgentQueries:
    voice_agent: VoiceAgent | None = root_one(loaders.voice_agent_by_id, "VoiceAgent", permission="voice_agent:read")
    voice_agents: Connection[VoiceAgent] = root_connection(
        loaders.voice_agents,
        "The tenant's voice agents.",
        permission="voice_agent:read",
        filter=VoiceAgentFilter,
        order_by=VoiceAgentOrder,
    )
    voice_agent_version: VoiceAgentVersion | None = root_one(
        loaders.voice_agent_version_by_id, "VoiceAgentVersion", permission="voice_agent:read"
    )
    voice_agent_versions: Connection[VoiceAgentVersion] = root_connection(
        loaders.voice_agent_versions,
        "The versions of the tenant's voice agents.",
        permission="voice_agent:read",
        filter=VoiceAgentVersionFilter,
        order_by=VoiceAgentVersionOrder,
    )
