"""How lists of callbacks, queues and history are filtered and ordered."""

import strawberry

from db.enums import Choice
from db.enums import callbacks as enums
from gql.core.arguments import OrderBy, filter_type, where
from gql.core.enums import enum_type, register
from gql.core.filters import (
    BooleanFilter,
    DateTimeFilter,
    EnumFilter,
    IdFilter,
    IntFilter,
    StringFilter,
    StringListFilter,
)

register(enums)


@enum_type
class CallbackRequestOrderField(Choice):
    """What callbacks can be ordered by."""

    CREATED_AT = "CREATED_AT", "When the callback was promised."
    DUE_AT = "DUE_AT", "When it is due."
    PRIORITY_SCORE = "PRIORITY_SCORE", "How pressing it was when its score was last computed."


@strawberry.input(description="An order of callbacks.")
class CallbackRequestOrder(OrderBy[CallbackRequestOrderField]):
    pass


@filter_type("Which callbacks to list: all given conditions hold.")
class CallbackRequestFilter:
    number: StringFilter | None = where("The number that people quote.")
    status: EnumFilter[enums.CallbackStatus] | None = where("Where the callback stands, as stored.")
    priority: EnumFilter[enums.CallbackPriority] | None = where("The priority, as stored.")
    category: EnumFilter[enums.CallbackCategory] | None = where("The field that it belongs to.")
    request_type: EnumFilter[enums.CallbackRequestType] | None = where("What it is about.")
    urgency: EnumFilter[enums.CallbackUrgency] | None = where("How soon the customer needs it.")
    source: EnumFilter[enums.CallbackSource] | None = where("Where it was asked for.")
    outcome: EnumFilter[enums.CallbackOutcome] | None = where("How it came to its end.")
    tags: StringListFilter | None = where("The tags.")
    contact_id: IdFilter | None = where("The person to call.", id_of="Contact")
    queue_id: IdFilter | None = where("The queue that hands it out.", id_of="CallbackQueue")
    insurance_agent_id: IdFilter | None = where("The assignee.", id_of="InsuranceAgent")
    call_id: IdFilter | None = where("The call on which it was asked for.", id_of="Call")
    satisfaction_rating: IntFilter | None = where("The customer's rating, 1 to 5.")
    escalation_level: IntFilter | None = where("How often it was escalated.")
    due_at: DateTimeFilter | None = where("When it is due.")
    created_at: DateTimeFilter | None = where("When it was promised.")
    assigned_at: DateTimeFilter | None = where("When it was last assigned.")
    completed_at: DateTimeFilter | None = where("When it was kept.")


@enum_type
class CallbackActivityOrderField(Choice):
    """What the history of callbacks can be ordered by."""

    CREATED_AT = "CREATED_AT", "When it happened."


@strawberry.input(description="An order of the history of callbacks.")
class CallbackActivityOrder(OrderBy[CallbackActivityOrderField]):
    pass


@filter_type("Which entries of the history to list: all given conditions hold.")
class CallbackActivityFilter:
    activity_type: EnumFilter[enums.CallbackActivityType] | None = where("What happened.")
    callback_request_id: IdFilter | None = where("The callback.", id_of="CallbackRequest")
    insurance_agent_id: IdFilter | None = where("The assignee at that time.", id_of="InsuranceAgent")
    user_id: IdFilter | None = where("Who acted.", id_of="User")
    call_id: IdFilter | None = where("The call that was made.", id_of="Call")
    created_at: DateTimeFilter | None = where("When it happened.")


@enum_type
class CallbackQueueOrderField(Choice):
    """What callback queues can be ordered by."""

    NAME = "NAME", "The queue's name."
    CREATED_AT = "CREATED_AT", "When the queue was created."


@strawberry.input(description="An order of callback queues.")
class CallbackQueueOrder(OrderBy[CallbackQueueOrderField]):
    pass


@filter_type("Which callback queues to list: all given conditions hold.")
class CallbackQueueFilter:
    name: StringFilter | None = where("The queue's name.")
    queue_type: EnumFilter[enums.CallbackQueueType] | None = where("In which order it hands out.")
    is_active: BooleanFilter | None = where("Whether it takes new callbacks.")
    is_auto_assignment_enabled: BooleanFilter | None = where("Whether it may choose the assignee.")
    team_id: IdFilter | None = where("The team that it serves.", id_of="Team")
    created_at: DateTimeFilter | None = where("When the queue was created.")
