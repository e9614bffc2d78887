"""The root fields of deals: each type by id and as a list, and sums over deals."""

from decimal import Decimal
from typing import TYPE_CHECKING, Annotated, Any

import strawberry

from db.enums import Choice
from gql.core.arguments import to_condition
from gql.core.connections import Connection, root_connection
from gql.core.enums import enum_type
from gql.core.fields import argument, by_hand, column, to_one
from gql.core.node import root_one, value_type
from gql.deals.deals import (
    Deal,
    DealFilter,
    DealOrder,
    DealProduct,
    DealProductFilter,
    DealProductOrder,
    DealStageChange,
    DealStageChangeFilter,
    DealStageChangeOrder,
)
from gql.deals.pipelines import (
    Pipeline,
    PipelineFilter,
    PipelineOrder,
    PipelineStage,
    PipelineStageFilter,
    PipelineStageOrder,
)
from resolvers import deals as actions
from resolvers.core.context import Context
from resolvers.loaders import access as access_loaders
from resolvers.loaders import deals as loaders

if TYPE_CHECKING:
    from gql.access import User


@enum_type
class DealGroupBy(Choice):
    """What deals can be summed up by."""

    STAGE = "STAGE", "The stage they are in."
    OWNER = "OWNER", "The user who looks after them; deals without an owner make a group of their own."


@value_type(actions.DealGroup, "The deals of one stage or owner in one currency, summed up.")
class DealAggregate:
    currency: str = column("The currency of the sums, in ISO 4217: sums of different currencies are never mixed.")
    count: int = column("How many deals there are, also without a value.", of="deal_count")
    sum: Decimal = column("Their values together.", of="total_value")
    average: Decimal | None = column(
        "The average of those that have a value, to two digits; none when no deal has.", of="average_value"
    )
    weighted_sum: Decimal = column("Their weighted values together.", of="weighted_value")
    stage: PipelineStage | None = to_one(loaders.pipeline_stage_by_id, "stage_id", "The stage, when grouped by stage.")
    owner: Annotated["User", strawberry.lazy("gql.access")] | None = to_one(
        access_loaders.user_by_id, "owner_id", "The user, when grouped by owner; none for deals without one."
    )


async def _aggregate(_: Any, context: Context, group_by: DealGroupBy, filter: DealFilter | None = None) -> Any:
    return await actions.group_deals(context, group_by.value, to_condition(filter))


@strawberry.type
class DealQueries:
    pipeline: Pipeline | None = root_one(loaders.pipeline_by_id, "Pipeline", permission="pipeline:read")
    pipelines: Connection[Pipeline] = root_connection(
        loaders.pipelines,
        "The tenant's pipelines.",
        permission="pipeline:read",
        filter=PipelineFilter,
        order_by=PipelineOrder,
    )
    pipeline_stage: PipelineStage | None = root_one(
        loaders.pipeline_stage_by_id, "PipelineStage", permission="pipeline:read"
    )
    pipeline_stages: Connection[PipelineStage] = root_connection(
        loaders.pipeline_stages,
        "The stages of all the tenant's pipelines.",
        permission="pipeline:read",
        filter=PipelineStageFilter,
        order_by=PipelineStageOrder,
    )
    deal: Deal | None = root_one(loaders.deal_by_id, "Deal", permission="deal:read")
    deals: Connection[Deal] = root_connection(
        loaders.deals, "The tenant's deals.", permission="deal:read", filter=DealFilter, order_by=DealOrder
    )
    deal_product: DealProduct | None = root_one(loaders.deal_product_by_id, "DealProduct", permission="deal:read")
    deal_products: Connection[DealProduct] = root_connection(
        loaders.deal_products,
        "The products of all the tenant's deals.",
        permission="deal:read",
        filter=DealProductFilter,
        order_by=DealProductOrder,
    )
    deal_stage_change: DealStageChange | None = root_one(
        loaders.deal_stage_change_by_id, "DealStageChange", permission="deal:read"
    )
    deal_stage_changes: Connection[DealStageChange] = root_connection(
        loaders.deal_stage_changes,
        "The moves of all the tenant's deals.",
        permission="deal:read",
        filter=DealStageChangeFilter,
        order_by=DealStageChangeOrder,
    )
    deals_aggregate: list[DealAggregate] = by_hand(
        _aggregate,
        "The tenant's deals in groups, a row for each group and currency, summed up in one statement;"
        f" at most {actions.MAX_GROUPS:,} rows.",
        permission="deal:read",
        arguments=[
            argument("group_by", DealGroupBy, "What makes a group."),
            argument("filter", DealFilter | None, "Only what matches."),
        ],
    )
