"""The viewer: who the request acts as."""

from typing import TYPE_CHECKING, Annotated, Any
from uuid import UUID

import strawberry

from db.enums import events as enums
from gql.access.api_keys import ApiKey
from gql.access.logins import Login
from gql.access.users import User
from gql.core.enums import enum_type
from gql.core.fields import PUBLIC, by_hand
from gql.core.node import by_key
from resolvers.core.context import Context
from resolvers.core.viewer import Viewer as Acting
from resolvers.loaders import access as loaders

if TYPE_CHECKING:
    from gql.organizations import Organization, Tenant

enum_type(enums.ActorKind)


def _api_key(viewer: Acting, _: Context) -> UUID | None:
    return viewer.actor_id if viewer.kind is enums.ActorKind.API_KEY else None


@strawberry.type(description="Who the request acts as, in exactly one tenant.")
class Viewer:
    kind: enums.ActorKind = by_hand(lambda viewer, _: viewer.kind, "Whether a person or a program acts.")
    user: User | None = by_key(
        lambda viewer, _: viewer.user_id,
        "The person, whom everybody may see in themself; null for a program.",
        is_own=True,
    )
    login: Login | None = by_key(
        lambda viewer, _: viewer.user_id,
        "What the person signs in with; null for a program.",
        loader=loaders.login_by_user,
        is_own=True,
    )
    api_key: ApiKey | None = by_key(_api_key, "The program's key; null for a person.", is_own=True)
    tenant: Annotated["Tenant", strawberry.lazy("gql.organizations")] | None = by_key(
        lambda viewer, _: viewer.tenant_id, "The tenant that the request acts in. Needs the permission `tenant:read`."
    )
    organization: Annotated["Organization", strawberry.lazy("gql.organizations")] | None = by_key(
        lambda viewer, _: viewer.organization_id,
        "The organization that owns the tenant. Needs the permission `organization:read`.",
    )
    permissions: list[str] = by_hand(
        lambda viewer, _: sorted(viewer.permissions), "What the viewer may do, in alphabetical order."
    )

    @classmethod
    def is_type_of(cls, viewer: Any, _: Any) -> bool:
        """Viewers come from the resolvers as they are."""
        return isinstance(viewer, Acting)


def _viewer(_: Any, context: Context) -> Acting | None:
    return context.viewer if context.has_viewer else None


@strawberry.type
class ViewerQueries:
    viewer: Viewer | None = by_hand(_viewer, "Who is signed in; null when nobody is. Public.", permission=PUBLIC)
