"""Teams: users who work together."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import strawberry

from db.enums import Choice
from db.enums import access as enums
from gql.core.arguments import OrderBy, filter_type, lazy, where
from gql.core.connections import Connection, connection, root_connection
from gql.core.enums import enum_type, register
from gql.core.fields import column, to_one
from gql.core.filters import BooleanFilter, DateTimeFilter, EnumFilter, IdFilter, StringFilter
from gql.core.node import Node, object_type, root_one
from resolvers.loaders import access as loaders
from resolvers.loaders import deals as deal_loaders

if TYPE_CHECKING:
    from gql.access.users import User
    from gql.deals import Deal

register(enums)


@enum_type
class TeamOrderField(Choice):
    """What teams can be ordered by."""

    CREATED_AT = "CREATED_AT", "When the team was created."
    NAME = "NAME", "The name."


@strawberry.input(description="An order of teams.")
class TeamOrder(OrderBy[TeamOrderField]):
    pass


@filter_type("Which teams to list: all given conditions hold.")
class TeamFilter:
    name: StringFilter | None = where("The name.")
    team_type: EnumFilter[enums.TeamType] | None = where("What holds the team together.")
    is_active: BooleanFilter | None = where("Whether the team still works together.")
    parent_team_id: IdFilter | None = where("The team that it belongs to.", id_of="Team")
    manager_id: IdFilter | None = where("Who manages the team.", id_of="User")
    created_at: DateTimeFilter | None = where("When the team was created.")


@object_type(loaders.team_by_id, permission="team:read", description="Users who work together.")
class Team(Node):
    name: str = column("The name.")
    description: str | None = column("What the team does.")
    team_type: enums.TeamType = column("What holds the team together.")
    is_active: bool = column("Whether the team still works together.")
    parent_team: Annotated["Team", strawberry.lazy("gql.access")] | None = to_one(
        loaders.team_by_id, "parent_team_id", "The team that this one belongs to."
    )
    child_teams: Connection[Annotated["Team", strawberry.lazy("gql.access")]] = connection(
        loaders.teams_by_parent, "The teams that belong to this one.", filter=TeamFilter, order_by=TeamOrder
    )
    manager: Annotated["User", strawberry.lazy("gql.access")] | None = to_one(
        loaders.user_by_id, "manager_id", "Who manages the team."
    )
    members: Connection[Annotated["User", strawberry.lazy("gql.access")]] = connection(
        loaders.users_by_team,
        "The users who belong to the team now.",
        filter=lazy("UserFilter", "gql.access"),
        order_by=lazy("UserOrder", "gql.access"),
    )
    deals: Connection[Annotated["Deal", strawberry.lazy("gql.deals")]] = connection(
        deal_loaders.deals_by_team,
        "The deals that the team works on.",
        filter=lazy("DealFilter", "gql.deals"),
        order_by=lazy("DealOrder", "gql.deals"),
    )
    created_by: Annotated["User", strawberry.lazy("gql.access")] | None = to_one(
        loaders.user_by_id, "created_by_id", "Who created the team; none when a program did."
    )
    updated_by: Annotated["User", strawberry.lazy("gql.access")] | None = to_one(
        loaders.user_by_id, "updated_by_id", "Who last changed the team; none when a program did."
    )
    created_at: datetime = column("When the team was created.")
    updated_at: datetime = column("When the team was last changed.")
    version: int = column("Counts the changes.")


@strawberry.type
class TeamQueries:
    team: Team | None = root_one(loaders.team_by_id, "Team", permission="team:read")
    teams: Connection[Team] = root_connection(
        loaders.teams, "The tenant's teams.", permission="team:read", filter=TeamFilter, order_by=TeamOrder
    )
