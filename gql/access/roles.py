"""Roles: named sets of permissions, and who has them."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import strawberry

from db.enums import Choice
from db.enums import access as enums
from gql.core.arguments import OrderBy, filter_type, where
from gql.core.connections import Connection, connection, root_connection
from gql.core.enums import enum_type, register
from gql.core.fields import column, to_one
from gql.core.filters import (
    BooleanFilter,
    DateTimeFilter,
    EnumFilter,
    IdFilter,
    StringFilter,
    StringListFilter,
)
from gql.core.node import Node, object_type, root_one
from resolvers.loaders import access as loaders

if TYPE_CHECKING:
    from gql.access.users import User

register(enums)


@enum_type
class RoleOrderField(Choice):
    """What roles can be ordered by."""

    CREATED_AT = "CREATED_AT", "When the role was created."
    NAME = "NAME", "The name."


@strawberry.input(description="An order of roles.")
class RoleOrder(OrderBy[RoleOrderField]):
    pass


@filter_type("Which roles to list: all given conditions hold.")
class RoleFilter:
    key: StringFilter | None = where("The key, which never changes.")
    name: StringFilter | None = where("The name.")
    scope: EnumFilter[enums.RoleScope] | None = where("How far the permissions reach.")
    is_system: BooleanFilter | None = where("Whether the role comes with the server.")
    is_active: BooleanFilter | None = where("Whether the role counts.")
    permissions: StringListFilter | None = where("The permissions.")
    created_at: DateTimeFilter | None = where("When the role was created.")


@enum_type
class RoleAssignmentOrderField(Choice):
    """What assignments of roles can be ordered by."""

    CREATED_AT = "CREATED_AT", "When the assignment was made."


@strawberry.input(description="An order of assignments of roles.")
class RoleAssignmentOrder(OrderBy[RoleAssignmentOrderField]):
    pass


@filter_type("Which assignments to list: all given conditions hold.")
class RoleAssignmentFilter:
    user_id: IdFilter | None = where("Who has the role.", id_of="User")
    role_id: IdFilter | None = where("The role.", id_of="Role")
    is_active: BooleanFilter | None = where("Whether the assignment counts.")
    assigned_at: DateTimeFilter | None = where("From when on the user has the role.")
    expires_at: DateTimeFilter | None = where("Until when the user has the role.")


@object_type(loaders.role_by_id, permission="role:read", description="A named set of permissions.")
class Role(Node):
    key: str = column("What programs know the role by; it never changes.")
    name: str = column("The name.")
    description: str | None = column("What the role is for.")
    scope: enums.RoleScope = column("How far the permissions reach.")
    is_system: bool = column("Whether the role comes with the server, and nobody changes it.")
    is_active: bool = column("Whether the role counts.")
    permissions: list[str] = column("What somebody with this role may do.")
    created_by: Annotated["User", strawberry.lazy("gql.access")] | None = to_one(
        loaders.user_by_id, "created_by_id", "Who created the role; none when a program did."
    )
    updated_by: Annotated["User", strawberry.lazy("gql.access")] | None = to_one(
        loaders.user_by_id, "updated_by_id", "Who last changed the role; none when a program did."
    )
    assignments: Connection[Annotated["RoleAssignment", strawberry.lazy("gql.access")]] = connection(
        loaders.role_assignments_by_role,
        "Who has the role.",
        filter=RoleAssignmentFilter,
        order_by=RoleAssignmentOrder,
    )
    created_at: datetime = column("When the role was created.")
    updated_at: datetime = column("When the role was last changed.")
    version: int = column("Counts the changes.")


@object_type(
    loaders.role_assignment_by_id,
    permission="role:read",
    description="A role of a user; it counts while it is active and not expired.",
)
class RoleAssignment(Node):
    user: Annotated["User", strawberry.lazy("gql.access")] | None = to_one(
        loaders.user_by_id, "user_id", "Who has the role."
    )
    role: Role | None = to_one(loaders.role_by_id, "role_id", "The role.")
    assigned_by: Annotated["User", strawberry.lazy("gql.access")] | None = to_one(
        loaders.user_by_id, "assigned_by_id", "Who gave the user the role."
    )
    assigned_at: datetime = column("From when on the user has the role.")
    expires_at: datetime | None = column("Until when the user has the role; null means for good.")
    is_active: bool = column("Whether the assignment counts.")
    created_at: datetime = column("When the assignment was made.")
    updated_at: datetime = column("When the assignment was last changed.")
    version: int = column("Counts the changes.")


@strawberry.type
class RoleQueries:
    role: Role | None = root_one(loaders.role_by_id, "Role", permission="role:read")
    roles: Connection[Role] = root_connection(
        loaders.roles, "The tenant's roles.", permission="role:read", filter=RoleFilter, order_by=RoleOrder
    )
    role_assignment: RoleAssignment | None = root_one(
        loaders.role_assignment_by_id, "RoleAssignment", permission="role:read"
    )
    role_assignments: Connection[RoleAssignment] = root_connection(
        loaders.role_assignments,
        "Who has which role in the tenant.",
        permission="role:read",
        filter=RoleAssignmentFilter,
        order_by=RoleAssignmentOrder,
    )
