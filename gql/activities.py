"""What clients see of activities: what users did or plan about contacts, accounts, deals, policies and calls."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import strawberry
from strawberry.scalars import JSON

from db.enums import Choice
from db.enums import activities as enums
from gql.core.arguments import OrderBy, filter_type, where
from gql.core.connections import Connection, root_connection
from gql.core.enums import enum_type, register
from gql.core.fields import column, to_one
from gql.core.filters import BooleanFilter, DateTimeFilter, EnumFilter, IdFilter, StringFilter, StringListFilter
from gql.core.node import Node, object_type, root_one
from resolvers.loaders import access as access_loaders
from resolvers.loaders import activities as loaders
from resolvers.loaders import calls as call_loaders
from resolvers.loaders import contacts as contact_loaders
from resolvers.loaders import deals as deal_loaders
from resolvers.loaders import policies as policy_loaders

if TYPE_CHECKING:
    from gql.access import User
    from gql.calls import Call
    from gql.contacts import Account, Contact
    from gql.deals import Deal
    from gql.policies import Policy

register(enums)


@enum_type
class ActivityOrderField(Choice):
    """What activities can be ordered by."""

    CREATED_AT = "CREATED_AT", "When the activity was created."
    UPDATED_AT = "UPDATED_AT", "When the activity was last changed."


@strawberry.input(description="An order of activities.")
class ActivityOrder(OrderBy[ActivityOrderField]):
    pass


@filter_type("Which activities to list: all given conditions hold.")
class ActivityFilter:
    activity_type: EnumFilter[enums.ActivityType] | None = where("What kind of thing is to be done, or was.")
    subject: StringFilter | None = where("The subject.")
    status: EnumFilter[enums.ActivityStatus] | None = where("How far it has come.")
    priority: EnumFilter[enums.ActivityPriority] | None = where("How urgently it is to be done.")
    scheduled_at: DateTimeFilter | None = where("When it is planned to begin.")
    started_at: DateTimeFilter | None = where("When it began.")
    completed_at: DateTimeFilter | None = where("When it was done.")
    due_at: DateTimeFilter | None = where("When it must be done.")
    outcome: StringFilter | None = where("What came of it.")
    is_follow_up_required: BooleanFilter | None = where("Whether it is to be taken up again.")
    follow_up_at: DateTimeFilter | None = where("When it is to be taken up again.")
    tags: StringListFilter | None = where("The tags.")
    contact_id: IdFilter | None = where("The person it is about.", id_of="Contact")
    account_id: IdFilter | None = where("The company it is about.", id_of="Account")
    deal_id: IdFilter | None = where("The deal it is about.", id_of="Deal")
    policy_id: IdFilter | None = where("The insurance policy it is about.", id_of="Policy")
    call_id: IdFilter | None = where("The telephone call it is about.", id_of="Call")
    owner_id: IdFilter | None = where("The user who answers for it.", id_of="User")
    assignee_id: IdFilter | None = where("The user who does it.", id_of="User")
    created_at: DateTimeFilter | None = where("When it was created.")
    updated_at: DateTimeFilter | None = where("When it was last changed.")


@object_type(
    loaders.activity_by_id,
    permission="activity:read",
    description="Something a user does about a contact, account, deal, policy or call: a meeting, a task, a note.",
)
class Activity(Node):
    activity_type: enums.ActivityType = column("What kind of thing is to be done, or was.")
    subject: str = column("The subject.")
    description: str | None = column("Free text about it.")
    status: enums.ActivityStatus = column("How far it has come.")
    priority: enums.ActivityPriority = column("How urgently it is to be done.")
    scheduled_at: datetime | None = column("When it is planned to begin.")
    started_at: datetime | None = column("When it began.")
    completed_at: datetime | None = column("When it was done.")
    due_at: datetime | None = column("When it must be done.")
    duration_seconds: int | None = column("How long it takes, or took.")
    location: str | None = column("Where it takes place.")
    meeting_url: str | None = column("The address of the online meeting.")
    outcome: str | None = column("What came of it, in a word.")
    outcome_notes: str | None = column("What came of it.")
    is_follow_up_required: bool = column("Whether it is to be taken up again.")
    follow_up_at: datetime | None = column("When it is to be taken up again.")
    custom_fields: JSON = column("Values of the tenant's own fields, by name.")
    tags: list[str] = column("The tenant's labels.")
    contact: Annotated["Contact", strawberry.lazy("gql.contacts")] | None = to_one(
        contact_loaders.contact_by_id, "contact_id", "The person it is about."
    )
    account: Annotated["Account", strawberry.lazy("gql.contacts")] | None = to_one(
        contact_loaders.account_by_id, "account_id", "The company it is about."
    )
    deal: Annotated["Deal", strawberry.lazy("gql.deals")] | None = to_one(
        deal_loaders.deal_by_id, "deal_id", "The deal it is about."
    )
    policy: Annotated["Policy", strawberry.lazy("gql.policies")] | None = to_one(
        policy_loaders.policy_by_id, "policy_id", "The insurance policy it is about."
    )
    call: Annotated["Call", strawberry.lazy("gql.calls")] | None = to_one(
        call_loaders.call_by_id, "call_id", "The telephone call it is about."
    )
    owner: Annotated["User", strawberry.lazy("gql.access")] | None = to_one(
        access_loaders.user_by_id, "owner_id", "The user who answers for it."
    )
    assignee: Annotated["User", strawberry.lazy("gql.access")] | None = to_one(
        access_loaders.user_by_id, "assignee_id", "The user who does it."
    )
    created_by: Annotated["User", strawberry.lazy("gql.access")] | None = to_one(
        access_loaders.user_by_id, "created_by_id", "The user who created it; none when a program did."
    )
    updated_by: Annotated["User", strawberry.lazy("gql.access")] | None = to_one(
        access_loaders.user_by_id, "updated_by_id", "The user who changed it last; none when a program did."
    )
    created_at: datetime = column("When it was created.")
    updated_at: datetime = column("When it was last changed.")
    version: int = column("Counts the changes.")


@strawberry.type
class ActivityQueries:
    activity: Activity | None = root_one(loaders.activity_by_id, "Activity", permission="activity:read")
    activities: Connection[Activity] = root_connection(
        loaders.activities,
        "The tenant's activities.",
        permission="activity:read",
        filter=ActivityFilter,
        order_by=ActivityOrder,
    )
