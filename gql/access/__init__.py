"""What clients see of access: users, roles, teams and API keys, and how to sign in and out."""

import strawberry

from gql.access.api_keys import ApiKey, ApiKeyFilter, ApiKeyMutations, ApiKeyOrder, ApiKeyQueries
from gql.access.logins import Login
from gql.access.roles import (
    Role,
    RoleAssignment,
    RoleAssignmentFilter,
    RoleAssignmentOrder,
    RoleFilter,
    RoleOrder,
    RoleQueries,
)
from gql.access.sessions import SessionMutations
from gql.access.teams import Team, TeamFilter, TeamOrder, TeamQueries
from gql.access.users import User, UserFilter, UserOrder, UserQueries
from gql.access.viewer import Viewer, ViewerQueries

__all__ = [
    "AccessMutations",
    "AccessQueries",
    "ApiKey",
    "ApiKeyFilter",
    "ApiKeyOrder",
    "Login",
    "Role",
    "RoleAssignment",
    "RoleAssignmentFilter",
    "RoleAssignmentOrder",
    "RoleFilter",
    "RoleOrder",
    "Team",
    "TeamFilter",
    "TeamOrder",
    "User",
    "UserFilter",
    "UserOrder",
    "Viewer",
]


@strawberry.type
class AccessQueries(ViewerQueries, UserQueries, RoleQueries, TeamQueries, ApiKeyQueries):
    pass


@strawberry.type
class AccessMutations(SessionMutations, ApiKeyMutations):
    pass
