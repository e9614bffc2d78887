"""What clients see of integrations: connections to outside systems, never their secrets."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import strawberry
from strawberry.scalars import JSON

from db.enums import Choice
from db.enums import integrations as enums
from gql.core.arguments import OrderBy, filter_type, lazy, where
from gql.core.connections import Connection, connection, root_connection
from gql.core.enums import enum_type, register
from gql.core.fields import column, computed, to_one
from gql.core.filters import DateTimeFilter, EnumFilter, StringFilter
from gql.core.mutations import (
    MutationPayload,
    affected,
    expected_version,
    given,
    idempotency_key,
    mutation,
    payload_type,
    required,
    shown_once,
)
from gql.core.node import Node, object_type, root_one
from resolvers import integrations as actions
from resolvers.loaders import access as access_loaders
from resolvers.loaders import calls as call_loaders
from resolvers.loaders import integrations as loaders
from resolvers.loaders import telephony as phone_number_loaders

if TYPE_CHECKING:
    from gql.access import User
    from gql.calls import Call
    from gql.telephony import PhoneNumber

register(enums)


@enum_type
class IntegrationOrderField(Choice):
    """What integrations can be ordered by."""

    CREATED_AT = "CREATED_AT", "When the integration was set up."
    NAME = "NAME", "The name."


@strawberry.input(description="An order of integrations.")
class IntegrationOrder(OrderBy[IntegrationOrderField]):
    pass


@filter_type("Which integrations to list: all given conditions hold.")
class IntegrationFilter:
    kind: EnumFilter[enums.IntegrationKind] | None = where("What it connects the tenant to.")
    status: EnumFilter[enums.IntegrationStatus] | None = where("Whether it works.")
    provider: StringFilter | None = where("The outside system, in lower case, such as `twilio`.")
    name: StringFilter | None = where("The name.")
    account_identifier: StringFilter | None = where("The tenant's account with the outside system.")
    created_at: DateTimeFilter | None = where("When the integration was set up.")
    last_event_at: DateTimeFilter | None = where("When the outside system last reported.")


@object_type(
    loaders.integration_by_id,
    permission="integration:read",
    description="A connection to an outside system, such as an account with Twilio; its secrets cannot be read.",
)
class Integration(Node):
    kind: enums.IntegrationKind = column("What it connects the tenant to.")
    provider: str = column("The outside system, in lower case, such as `twilio`.")
    name: str = column("The name.")
    status: enums.IntegrationStatus = column("Whether it works.")
    account_identifier: str | None = column("The tenant's account with the outside system.")
    endpoint_url: str | None = column("The address of the outside system.")
    webhook_url: str | None = column("The address at the outside system that takes our reports.")
    config: JSON = column("Settings; never secrets.")
    scopes: list[str] = column("What the outside system lets us do.")
    has_secret: bool = computed(
        lambda _, integration: integration.secret_encrypted is not None,
        ("secret_encrypted",),
        "Whether a secret is stored.",
    )
    has_ingest_address: bool = computed(
        lambda _, integration: integration.address_token_hash is not None,
        ("address_token_hash",),
        "Whether the outside system can report here.",
    )
    rotated_at: datetime | None = column("When the secret or the ingest address was last replaced.")
    previous_secret_expires_at: datetime | None = column("Until when the replaced secret counts.")
    previous_address_expires_at: datetime | None = column("Until when the replaced ingest address counts.")
    token_expires_at: datetime | None = column("When the access that was granted runs out.")
    last_event_at: datetime | None = column("When the outside system last reported, to the minute.")
    last_sync_at: datetime | None = column("When data were last exchanged.")
    last_error: str | None = column("What last went wrong.")
    last_error_at: datetime | None = column("When something last went wrong.")
    error_count: int = column("How often something went wrong.")
    consecutive_error_count: int = column("How often something went wrong since it last went well.")
    rate_limit_per_hour: int | None = column("How many requests the outside system allows an hour.")
    requests_this_hour: int = column("How many of them are used up.")
    rate_limit_reset_at: datetime | None = column("When they are counted anew.")
    phone_numbers: Connection[Annotated["PhoneNumber", strawberry.lazy("gql.telephony")]] = connection(
        phone_number_loaders.phone_numbers_by_integration,
        "The telephone numbers that it provides.",
        filter=lazy("PhoneNumberFilter", "gql.telephony"),
        order_by=lazy("PhoneNumberOrder", "gql.telephony"),
    )
    calls: Connection[Annotated["Call", strawberry.lazy("gql.calls")]] = connection(
        call_loaders.calls_by_integration,
        "The calls that it carried.",
        filter=lazy("CallFilter", "gql.calls"),
        order_by=lazy("CallOrder", "gql.calls"),
    )
    created_by: Annotated["User", strawberry.lazy("gql.access")] | None = to_one(
        access_loaders.user_by_id, "created_by_id", "The user who set it up; none when a program did."
    )
    updated_by: Annotated["User", strawberry.lazy("gql.access")] | None = to_one(
        access_loaders.user_by_id, "updated_by_id", "The user who changed it last; none when a program did."
    )
    created_at: datetime = column("When the integration was set up.")
    updated_at: datetime = column("When the integration was last changed.")
    version: int = column("Counts the changes: pass it as `expectedVersion`.")


@strawberry.type
class IntegrationQueries:
    integration: Integration | None = root_one(loaders.integration_by_id, "Integration", permission="integration:read")
    integrations: Connection[Integration] = root_connection(
        loaders.integrations,
        "The tenant's integrations.",
        permission="integration:read",
        filter=IntegrationFilter,
        order_by=IntegrationOrder,
    )


@strawberry.input(description="An integration to set up.")
class IntegrationCreateInput:
    kind: enums.IntegrationKind = required("What it connects the tenant to.")
    provider: str = required("The outside system, such as `twilio`.")
    name: str = required("The name, at most 200 characters.")
    account_identifier: str | None = given("The tenant's account there, such as Twilio's account SID.")
    endpoint_url: str | None = given("The address of the outside system.")
    config: JSON | None = given("Settings by name; everybody who may see the integration sees them: no secrets.")
    scopes: list[str] | None = given("What the outside system lets us do, at most 50.")
    secret: str | None = given(
        "The secret that signs its reports, such as Twilio's auth token: stored encrypted, never shown again."
    )
    idempotency_key: str | None = idempotency_key()


@strawberry.input(description="A new secret, a new ingest address, or both.")
class IntegrationRotateInput:
    id: strawberry.ID = required("The integration.", id_of="Integration")
    secret: str | None = given("The new secret: stored encrypted, never shown again.")
    is_new_address: bool | None = given("Whether to make a new ingest address too.")
    grace_seconds: int | None = given(
        "How long what is replaced still counts, in seconds: a day if left out, 0 to 604,800."
    )
    expected_version: int | None = expected_version()
    idempotency_key: str | None = idempotency_key()


_INGEST_PATH = (
    "The path of its new ingest address, to be put after this server's public address; shown this once. Null when"
    " it reports nothing or none was made. Give it to Twilio with `#rc=5&rp=all` at its end, so that Twilio"
    " repeats what could not be stored."
)


@payload_type("What `integrationCreate` answers.")
class IntegrationCreatePayload(MutationPayload):
    integration: Integration | None = affected(loaders.integration_by_id, "integration", "The new integration.")
    ingest_path: str | None = shown_once("ingest_path", _INGEST_PATH)


@payload_type("What `integrationRotate` answers.")
class IntegrationRotatePayload(MutationPayload):
    integration: Integration | None = affected(
        loaders.integration_by_id, "integration", "The integration as it is now."
    )
    ingest_path: str | None = shown_once("ingest_path", _INGEST_PATH)


@strawberry.type
class IntegrationMutations:
    integration_create: IntegrationCreatePayload = mutation(
        actions.create_integration,
        IntegrationCreateInput,
        "Set up an integration.",
        permission="integration:write",
    )
    integration_rotate: IntegrationRotatePayload = mutation(
        actions.rotate_integration,
        IntegrationRotateInput,
        "Replace the secret or the ingest address of an integration; the old ones still count for a while.",
        permission="integration:write",
    )
