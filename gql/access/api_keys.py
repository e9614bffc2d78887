"""API keys: the credentials of programs, without their secrets."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Final

import strawberry

from db.enums import Choice
from gql.core.arguments import OrderBy, filter_type, where
from gql.core.connections import Connection, root_connection
from gql.core.enums import enum_type
from gql.core.fields import column, computed, to_one
from gql.core.filters import BooleanFilter, DateTimeFilter, IdFilter, StringFilter, StringListFilter
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
from resolvers import access as actions
from resolvers.loaders import access as loaders

if TYPE_CHECKING:
    from gql.access.users import User

HIGHEST_INT: Final = 2**31 - 1  # of GraphQL's Int; the row counts on


@enum_type
class ApiKeyOrderField(Choice):
    """What API keys can be ordered by."""

    CREATED_AT = "CREATED_AT", "When the key was issued."
    NAME = "NAME", "The name."


@strawberry.input(description="An order of API keys.")
class ApiKeyOrder(OrderBy[ApiKeyOrderField]):
    pass


@filter_type("Which API keys to list: all given conditions hold.")
class ApiKeyFilter:
    name: StringFilter | None = where("The name.")
    prefix: StringFilter | None = where("How the key begins.")
    scopes: StringListFilter | None = where("The permissions of the key.")
    is_active: BooleanFilter | None = where("Whether the key is in use.")
    created_by_id: IdFilter | None = where("Who issued the key.", id_of="User")
    expires_at: DateTimeFilter | None = where("When the key ends by itself.")
    last_used_at: DateTimeFilter | None = where("When the key was last used.")
    revoked_at: DateTimeFilter | None = where("When the key was revoked.")
    created_at: DateTimeFilter | None = where("When the key was issued.")


@object_type(
    loaders.api_key_by_id,
    permission="api_key:read",
    description="The credential of a program; its secret is shown once, when it is issued.",
)
class ApiKey(Node):
    name: str = column("The name.")
    description: str | None = column("What the key is for.")
    prefix: str = column("How the key begins: what to recognise it by.")
    scopes: list[str] = column("The permissions of the key, as far as who issued it still holds them.")
    allowed_addresses: list[str] = column("IP addresses and networks that it works from; none means any.")
    requests_per_minute: int = column("How many requests it may make in a minute.")
    requests_per_hour: int = column("How many requests it may make in an hour.")
    requests_per_day: int = column("How many requests it may make in a day.")
    is_active: bool = column("Whether the key is in use.")
    expires_at: datetime | None = column("When the key ends by itself.")
    last_used_at: datetime | None = column("When the key was last used, to a minute.")
    last_used_ip_address: str | None = column("The IP address that it was used from then.")
    usage_count: int = computed(
        lambda _, key: min(key.usage_count, HIGHEST_INT),
        ("usage_count",),
        f"How often the key was used, as counted a minute ago; {HIGHEST_INT:,} at most.",
    )
    revoked_at: datetime | None = column("When the key was revoked.")
    revocation_reason: str | None = column("Why the key was revoked.")
    created_by: Annotated["User", strawberry.lazy("gql.access")] | None = to_one(
        loaders.user_by_id, "created_by_id", "Who issued the key."
    )
    revoked_by: Annotated["User", strawberry.lazy("gql.access")] | None = to_one(
        loaders.user_by_id, "revoked_by_id", "Who revoked the key."
    )
    created_at: datetime = column("When the key was issued.")
    updated_at: datetime = column("When the key was last changed.")
    version: int = column("Counts the changes: pass it as `expectedVersion`.")


@strawberry.type
class ApiKeyQueries:
    api_key: ApiKey | None = root_one(loaders.api_key_by_id, "ApiKey", permission="api_key:read")
    api_keys: Connection[ApiKey] = root_connection(
        loaders.api_keys,
        "The tenant's API keys.",
        permission="api_key:read",
        filter=ApiKeyFilter,
        order_by=ApiKeyOrder,
    )


@strawberry.input(description="An API key to issue.")
class ApiKeyCreateInput:
    name: str = required("The name, at most 100 characters.")
    scopes: list[str] = required("The permissions of the key: at least one, and all held by the viewer.")
    description: str | None = given("What the key is for, at most 1,000 characters.")
    allowed_addresses: list[str] | None = given(
        "IP addresses and networks (such as 203.0.113.0/24) that it works from, at most 50; none means any."
    )
    expires_at: datetime | None = given("When the key ends by itself; left out, it does not.")
    idempotency_key: str | None = idempotency_key()


@strawberry.input(description="An API key to revoke.")
class ApiKeyRevokeInput:
    id: strawberry.ID = required("The key.", id_of="ApiKey")
    reason: str | None = given("Why, at most 500 characters.")
    expected_version: int | None = expected_version()
    idempotency_key: str | None = idempotency_key()


@payload_type("What `apiKeyCreate` answers.")
class ApiKeyCreatePayload(MutationPayload):
    api_key: ApiKey | None = affected(loaders.api_key_by_id, "api_key", "The new key.")
    secret: str | None = shown_once(
        "secret", "The whole key, to be sent as `X-API-Key` or `Authorization: Bearer`. It is never shown again."
    )


@payload_type("What `apiKeyRevoke` answers.")
class ApiKeyRevokePayload(MutationPayload):
    api_key: ApiKey | None = affected(loaders.api_key_by_id, "api_key", "The key as it is now.")


@strawberry.type
class ApiKeyMutations:
    api_key_create: ApiKeyCreatePayload = mutation(
        actions.create_api_key, ApiKeyCreateInput, "Issue an API key.", permission="api_key:write"
    )
    api_key_revoke: ApiKeyRevokePayload = mutation(
        actions.revoke_api_key,
        ApiKeyRevokeInput,
        "Revoke an API key for good: it stops working within 5 seconds.",
        permission="api_key:write",
    )
