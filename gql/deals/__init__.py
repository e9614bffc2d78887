"""What clients see of deals: pipelines and stages, deals with their products and moves, and sums over them."""

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
from gql.deals.mutations import DealMutations
from gql.deals.pipelines import (
    Pipeline,
    PipelineFilter,
    PipelineOrder,
    PipelineStage,
    PipelineStageFilter,
    PipelineStageOrder,
)
from gql.deals.queries import DealQueries
from gql.deals.subscriptions import DealSubscriptions

__all__ = [
    "Deal",
    "DealFilter",
    "DealMutations",
    "DealOrder",
    "DealProduct",
    "DealProductFilter",
    "DealProductOrder",
    "DealQueries",
    "DealStageChange",
    "DealStageChangeFilter",
    "DealStageChangeOrder",
    "DealSubscriptions",
    "Pipeline",
    "PipelineFilter",
    "PipelineOrder",
    "PipelineStage",
    "PipelineStageFilter",
    "PipelineStageOrder",
]
