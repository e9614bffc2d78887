"""Operations of nobody in particular, as the core sees them."""

from uuid import uuid4

from db.enums.events import ActorKind
from db.organizations import Tenant
from resolvers.core.context import Context, Services
from resolvers.core.viewer import Viewer
from resolvers.rules.access import PERMISSIONS


def viewer_of(tenant: Tenant) -> Viewer:
    """The server itself, in the tenant; each time with another credential."""
    return Viewer(
        kind=ActorKind.SYSTEM,
        actor_id=uuid4(),
        credential_id=uuid4(),
        organization_id=tenant.organization_id,
        tenant_id=tenant.id,
        user_id=None,
        permissions=frozenset(PERMISSIONS),
    )


def context_of(services: Services, tenant: Tenant, viewer: Viewer | None = None) -> Context:
    """An operation in the tenant."""
    return Context(services, viewer or viewer_of(tenant))
