"""Following deals live: what happens to them, as it happens."""

from typing import Annotated, Any
from uuid import UUID

import strawberry

from db.enums import deals as enums
from db.enums.events import EventType
from gql.core.messages import Change, Gap, Reconnect, Removal, SnapshotEnd, SnapshotItem
from gql.core.node import by_key
from gql.core.subscriptions import followed, subscription
from gql.deals.deals import Deal
from gql.deals.pipelines import PipelineStage
from resolvers.core.context import Context
from resolvers.events import OBJECT_ID, Current
from resolvers.loaders import deals as loaders


@strawberry.input(description="Which deals to follow: all that is given must hold.")
class DealChangedFilter:
    deal_ids: list[strawberry.ID] | None = followed("One of these deals.", of=OBJECT_ID, id_of="Deal")
    pipeline_id: strawberry.ID | None = followed("It runs through this pipeline.", id_of="Pipeline")
    stage_ids: list[strawberry.ID] | None = followed(
        "It is in one of these stages.", of="stage_id", id_of="PipelineStage"
    )
    owner_id: strawberry.ID | None = followed("This user looks after it.", id_of="User")
    team_id: strawberry.ID | None = followed("This team works on it.", id_of="Team")
    contact_id: strawberry.ID | None = followed("It is with this person.", id_of="Contact")
    account_id: strawberry.ID | None = followed("It is with this company.", id_of="Account")
    policy_id: strawberry.ID | None = followed("It is about this policy.", id_of="Policy")
    statuses: list[enums.DealStatus] | None = followed("It has one of these statuses.", of="status")
    priorities: list[enums.DealPriority] | None = followed("It has one of these priorities.", of="priority")
    deal_types: list[enums.DealType] | None = followed("It brings one of these kinds of business.", of="deal_type")


@strawberry.type(description="A deal of the list with which the stream begins.")
class DealSnapshotItem(SnapshotItem[Deal]):
    pass


def _stage(side: str) -> Any:
    def key(change: Any, _: Context) -> UUID | None:
        found = change.event.payload.get(f"{side}_stage_id")
        return None if found is None else UUID(found)

    return key


@strawberry.type(description="Something happened to a deal that the stream follows.")
class DealChange(Change[Deal, enums.DealStatus]):
    old_stage: PipelineStage | None = by_key(
        _stage("old"),
        "The stage before the event; null when the deal is new.",
        loader=loaders.pipeline_stage_by_id,
    )
    new_stage: PipelineStage | None = by_key(
        _stage("new"),
        "The stage after the event, whatever it is by now.",
        loader=loaders.pipeline_stage_by_id,
    )


@strawberry.type(description="A deal no longer matches the filter: take it off the list.")
class DealRemoval(Removal):
    pass


DealChanged = Annotated[
    DealSnapshotItem | SnapshotEnd | DealChange | DealRemoval | Gap | Reconnect,
    strawberry.union("DealChanged", description="A message of `dealChanged`."),
]


@strawberry.type
class DealSubscriptions:
    deal_changed: DealChanged = subscription(
        loaders.deal_by_id,
        "Whatever happens to deals, in the order of the log: also a move to another stage.",
        events=(EventType.DEAL_CREATED, EventType.DEAL_STAGE_CHANGED, EventType.DEAL_UPDATED),
        current=Current(loaders.deals),
        permission="deal:read",
        status=enums.DealStatus,
        filter=DealChangedFilter,
    )
