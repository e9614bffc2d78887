"""Users: the persons who act in a tenant."""

from datetime import date, datetime
from typing import TYPE_CHECKING, Annotated

import strawberry
from strawberry.scalars import JSON

from db.enums import Choice
from db.enums import access as enums
from gql.core.arguments import OrderBy, filter_type, lazy, where
from gql.core.connections import Connection, connection, root_connection
from gql.core.enums import enum_type, register
from gql.core.fields import column, to_one
from gql.core.filters import DateTimeFilter, EnumFilter, IdFilter, StringFilter
from gql.core.node import Node, object_type, root_one
from resolvers.loaders import access as loaders
from resolvers.loaders import activities as activity_loaders
from resolvers.loaders import contacts as contact_loaders
from resolvers.loaders import deals as deal_loaders
from resolvers.loaders import insurance_agents as insurance_agent_loaders

if TYPE_CHECKING:
    from gql.access.api_keys import ApiKey
    from gql.access.roles import RoleAssignment
    from gql.access.teams import Team
    from gql.activities import Activity
    from gql.contacts import Account, Contact
    from gql.deals import Deal
    from gql.insurance_agents import InsuranceAgent

register(enums)


@enum_type
class UserOrderField(Choice):
    """What users can be ordered by."""

    CREATED_AT = "CREATED_AT", "When the user was added."
    DISPLAY_NAME = "DISPLAY_NAME", "The name that is shown."


@strawberry.input(description="An order of users.")
class UserOrder(OrderBy[UserOrderField]):
    pass


@filter_type("Which users to list: all given conditions hold.")
class UserFilter:
    status: EnumFilter[enums.UserStatus] | None = where("Whether the user may act.")
    number: StringFilter | None = where("The user's number.")
    email: StringFilter | None = where("The e-mail address, in lower case.")
    username: StringFilter | None = where("The short name.")
    employee_number: StringFilter | None = where("The number as an employee.")
    display_name: StringFilter | None = where("The name that is shown.")
    job_title: StringFilter | None = where("The position.")
    department_name: StringFilter | None = where("The department.")
    manager_id: IdFilter | None = where("The manager.", id_of="User")
    last_signed_in_at: DateTimeFilter | None = where("When the user last signed in.")
    created_at: DateTimeFilter | None = where("When the user was added.")


@object_type(
    loaders.user_by_id,
    permission="user:read",
    description="A person in the tenant: who owns, creates and changes things there.",
)
class User(Node):
    number: str = column("The user's number: USR-XXXXXXXXXX.")
    username: str | None = column("The short name.")
    email: str = column("Where the tenant reaches the user; signing in goes by the login's own address.")
    first_name: str | None = column("The given name.")
    last_name: str | None = column("The family name.")
    display_name: str = column("The name that is shown.")
    avatar_url: str | None = column("The address of the picture.")
    phone: str | None = column("The telephone number, in E.164.")
    phone_verified_at: datetime | None = column("When the telephone number was confirmed.")
    mobile: str | None = column("The mobile number, in E.164.")
    job_title: str | None = column("The position.")
    department_name: str | None = column("The department.")
    employee_number: str | None = column("The number as an employee.")
    hired_on: date | None = column("The first day of work.")
    born_on: date | None = column("The date of birth.")
    gender: str | None = column("The gender as the person states it.")
    address: JSON = column("The postal address.")
    emergency_contact: JSON = column("Whom to call in an emergency.")
    locale: str = column("Language and region, a BCP 47 tag.")
    timezone: str = column("The time zone, an IANA name.")
    date_format: str = column("How the user reads dates, such as MM/DD/YYYY.")
    time_format: enums.TimeFormat = column("How the user reads the time of day.")
    default_currency: str = column("The currency in which the user thinks, in ISO 4217.")
    theme: enums.InterfaceTheme = column("The colours in which the user sees the application.")
    notification_preferences: JSON = column("What the user wants to be told of, and how.")
    preferences: JSON = column("Settings of the user's own.")
    custom_fields: JSON = column("Values of the tenant's own fields, by name.")
    status: enums.UserStatus = column("Whether the user may act.")
    last_signed_in_at: datetime | None = column("When the user last signed in.")
    last_active_at: datetime | None = column("When the user was last there, to a quarter of an hour.")
    deactivated_at: datetime | None = column("When the user was deactivated.")
    deactivation_reason: str | None = column("Why the user was deactivated.")
    manager: Annotated["User", strawberry.lazy("gql.access")] | None = to_one(
        loaders.user_by_id, "manager_id", "Whom the user reports to."
    )
    created_by: Annotated["User", strawberry.lazy("gql.access")] | None = to_one(
        loaders.user_by_id, "created_by_id", "Who added the user; none when a program did."
    )
    updated_by: Annotated["User", strawberry.lazy("gql.access")] | None = to_one(
        loaders.user_by_id, "updated_by_id", "Who last changed the user; none when a program did."
    )
    insurance_agent: Annotated["InsuranceAgent", strawberry.lazy("gql.insurance_agents")] | None = to_one(
        insurance_agent_loaders.insurance_agent_by_user, "id", "The licensed seller that the user is."
    )
    reports: Connection[Annotated["User", strawberry.lazy("gql.access")]] = connection(
        loaders.users_by_manager,
        "Those who report to the user.",
        filter=UserFilter,
        order_by=UserOrder,
    )
    role_assignments: Connection[Annotated["RoleAssignment", strawberry.lazy("gql.access")]] = connection(
        loaders.role_assignments_by_user,
        "The user's roles.",
        filter=lazy("RoleAssignmentFilter", "gql.access"),
        order_by=lazy("RoleAssignmentOrder", "gql.access"),
    )
    teams: Connection[Annotated["Team", strawberry.lazy("gql.access")]] = connection(
        loaders.teams_by_user,
        "The teams that the user belongs to.",
        filter=lazy("TeamFilter", "gql.access"),
        order_by=lazy("TeamOrder", "gql.access"),
    )
    managed_teams: Connection[Annotated["Team", strawberry.lazy("gql.access")]] = connection(
        loaders.teams_by_manager,
        "The teams that the user manages.",
        filter=lazy("TeamFilter", "gql.access"),
        order_by=lazy("TeamOrder", "gql.access"),
    )
    api_keys: Connection[Annotated["ApiKey", strawberry.lazy("gql.access")]] = connection(
        loaders.api_keys_by_creator,
        "The API keys that the user issued.",
        filter=lazy("ApiKeyFilter", "gql.access"),
        order_by=lazy("ApiKeyOrder", "gql.access"),
    )
    contacts: Connection[Annotated["Contact", strawberry.lazy("gql.contacts")]] = connection(
        contact_loaders.contacts_by_owner,
        "The persons whom the user looks after.",
        filter=lazy("ContactFilter", "gql.contacts"),
        order_by=lazy("ContactOrder", "gql.contacts"),
    )
    accounts: Connection[Annotated["Account", strawberry.lazy("gql.contacts")]] = connection(
        contact_loaders.accounts_by_owner,
        "The companies that the user looks after.",
        filter=lazy("AccountFilter", "gql.contacts"),
        order_by=lazy("AccountOrder", "gql.contacts"),
    )
    deals: Connection[Annotated["Deal", strawberry.lazy("gql.deals")]] = connection(
        deal_loaders.deals_by_owner,
        "The deals that the user works on.",
        filter=lazy("DealFilter", "gql.deals"),
        order_by=lazy("DealOrder", "gql.deals"),
    )
    activities: Connection[Annotated["Activity", strawberry.lazy("gql.activities")]] = connection(
        activity_loaders.activities_by_owner,
        "The activities that the user owns.",
        filter=lazy("ActivityFilter", "gql.activities"),
        order_by=lazy("ActivityOrder", "gql.activities"),
    )
    assigned_activities: Connection[Annotated["Activity", strawberry.lazy("gql.activities")]] = connection(
        activity_loaders.activities_by_assignee,
        "The activities that the user is to carry out.",
        filter=lazy("ActivityFilter", "gql.activities"),
        order_by=lazy("ActivityOrder", "gql.activities"),
    )
    created_at: datetime = column("When the user was added.")
    updated_at: datetime = column("When the user was last changed.")
    version: int = column("Counts the changes.")


@strawberry.type
class UserQueries:
    user: User | None = root_one(loaders.user_by_id, "User", permission="user:read")
    users: Connection[User] = root_connection(
        loaders.users, "The tenant's users.", permission="user:read", filter=UserFilter, order_by=UserOrder
    )
