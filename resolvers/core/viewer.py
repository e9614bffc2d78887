"""Who a request acts as, and what that viewer may do."""

from collections.abc import Hashable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from db.enums.events import ActorKind
from resolvers.core.errors import Forbidden


@dataclass(frozen=True, slots=True)
class Viewer:
    """A signed-in User, an ApiKey, an Integration or the system itself, in exactly one tenant.

    `credential_id` names the session or key that vouches for the viewer: the scope of idempotency keys.
    `user_id` is the User behind the request, None for a program. `expires_at` is the end of the credential, None
    when it has none: a request is over long before, an open socket may not be.
    """

    kind: ActorKind
    actor_id: UUID
    credential_id: UUID
    organization_id: UUID
    tenant_id: UUID
    user_id: UUID | None
    permissions: frozenset[str]
    expires_at: datetime | None = None

    @property
    def scope(self) -> Hashable:
        """Whose rows the viewer sees, beyond what the permissions say: equal for viewers who see the same rows.

        Empty as long as there is no such scope: with the permissions, a viewer sees all the tenant's rows of a type.
        The one place for it: whoever shares what is shown to one viewer with another compares it.
        """
        return ()

    def may(self, permission: str) -> bool:
        """Whether the viewer holds the permission."""
        return permission in self.permissions

    def require(self, permission: str) -> None:
        """Raise Forbidden unless the viewer holds the permission."""
        if permission not in self.permissions:
            raise Forbidden(permission)
