"""Pipelines and their stages, as clients see them."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import strawberry
from strawberry.scalars import JSON

from db.enums import Choice
from db.enums import deals as enums
from gql.core.arguments import OrderBy, filter_type, lazy, where
from gql.core.connections import Connection, connection
from gql.core.enums import enum_type, register
from gql.core.fields import column, computed, to_one
from gql.core.filters import BooleanFilter, DateTimeFilter, EnumFilter, IdFilter, IntFilter, StringFilter
from gql.core.node import Node, object_type
from resolvers.core.errors import camel
from resolvers.loaders import access as access_loaders
from resolvers.loaders import deals as loaders

if TYPE_CHECKING:
    from gql.access import User
    from gql.deals import Deal

register(enums)


@enum_type
class PipelineOrderField(Choice):
    """What pipelines can be ordered by."""

    NAME = "NAME", "The name."
    CREATED_AT = "CREATED_AT", "When the pipeline was created."


@strawberry.input(description="An order of pipelines.")
class PipelineOrder(OrderBy[PipelineOrderField]):
    pass


@filter_type("Which pipelines to list: all given conditions hold.")
class PipelineFilter:
    name: StringFilter | None = where("The name.")
    pipeline_type: EnumFilter[enums.PipelineType] | None = where("What the pipeline is for.")
    is_default: BooleanFilter | None = where("Whether new deals go there unless another is named.")
    is_active: BooleanFilter | None = where("Whether it takes new deals.")
    currency: StringFilter | None = where("The currency that a new deal starts with.")
    created_at: DateTimeFilter | None = where("When the pipeline was created.")


@enum_type
class PipelineStageOrderField(Choice):
    """What stages can be ordered by."""

    POSITION = "POSITION", "The place in the pipeline."
    CREATED_AT = "CREATED_AT", "When the stage was created."


@strawberry.input(description="An order of stages.")
class PipelineStageOrder(OrderBy[PipelineStageOrderField]):
    pass


@filter_type("Which stages to list: all given conditions hold.")
class PipelineStageFilter:
    pipeline_id: IdFilter | None = where("The pipeline.", id_of="Pipeline")
    name: StringFilter | None = where("The name.")
    position: IntFilter | None = where("The place in the pipeline, from 1.")
    stage_type: EnumFilter[enums.PipelineStageType] | None = where("What it means for a deal to be there.")
    default_probability: IntFilter | None = where("The probability that the stage stands for, in percent.")
    is_active: BooleanFilter | None = where("Whether deals may enter.")
    created_at: DateTimeFilter | None = where("When the stage was created.")


@object_type(
    loaders.pipeline_by_id,
    permission="pipeline:read",
    description="The way that deals of one kind go, stage by stage.",
)
class Pipeline(Node):
    name: str = column("The name, unique in the tenant.")
    description: str | None = column("What the pipeline is about.")
    pipeline_type: enums.PipelineType = column("What the pipeline is for.")
    is_default: bool = column("Whether new deals go there unless another is named.")
    is_active: bool = column("Whether it takes new deals.")
    currency: str = column("The currency that a new deal starts with, in ISO 4217.")
    probability_calculation: enums.ProbabilityCalculation = column("How a move sets a deal's probability.")
    is_stage_order_enforced: bool = column(
        "Whether open deals go one stage on at a time, back to any earlier one, or out as lost."
    )
    custom_fields: JSON = column("Values of the tenant's own fields, by name.")
    stages: Connection[Annotated["PipelineStage", strawberry.lazy("gql.deals")]] = connection(
        loaders.pipeline_stages_by_pipeline,
        "The pipeline's stages.",
        filter=PipelineStageFilter,
        order_by=PipelineStageOrder,
    )
    deals: Connection[Annotated["Deal", strawberry.lazy("gql.deals")]] = connection(
        loaders.deals_by_pipeline,
        "The deals in the pipeline.",
        filter=lazy("DealFilter", "gql.deals"),
        order_by=lazy("DealOrder", "gql.deals"),
    )
    created_by: Annotated["User", strawberry.lazy("gql.access")] | None = to_one(
        access_loaders.user_by_id, "created_by_id", "The user who created the pipeline; none when a program did."
    )
    updated_by: Annotated["User", strawberry.lazy("gql.access")] | None = to_one(
        access_loaders.user_by_id, "updated_by_id", "The user who changed the pipeline last; none when a program did."
    )
    created_at: datetime = column("When the pipeline was created.")
    updated_at: datetime = column("When the pipeline was last changed.")
    version: int = column("Counts the changes: pass it as `expectedVersion`.")


@object_type(loaders.pipeline_stage_by_id, permission="pipeline:read", description="A step of a pipeline.")
class PipelineStage(Node):
    name: str = column("The name, unique in the pipeline.")
    description: str | None = column("What it means for a deal to have come this far.")
    position: int = column("The place in the pipeline, from 1.")
    stage_type: enums.PipelineStageType = column("What it means for a deal to be there.")
    default_probability: int = column("The probability that the stage stands for, in percent.")
    required_fields: list[str] = computed(
        lambda _, stage: [camel(name) for name in stage.required_fields],
        ("required_fields",),
        "The deal's fields that must be filled before it enters, such as `nextStep`.",
    )
    color: str = column("The colour it is shown in, such as `#007bff`.")
    icon: str | None = column("The name of the icon it is shown with.")
    is_active: bool = column("Whether deals may enter.")
    pipeline: Annotated["Pipeline", strawberry.lazy("gql.deals")] | None = to_one(
        loaders.pipeline_by_id, "pipeline_id", "The pipeline that the stage belongs to."
    )
    deals: Connection[Annotated["Deal", strawberry.lazy("gql.deals")]] = connection(
        loaders.deals_by_stage,
        "The deals that are in the stage.",
        filter=lazy("DealFilter", "gql.deals"),
        order_by=lazy("DealOrder", "gql.deals"),
    )
    created_by: Annotated["User", strawberry.lazy("gql.access")] | None = to_one(
        access_loaders.user_by_id, "created_by_id", "The user who created the stage; none when a program did."
    )
    updated_by: Annotated["User", strawberry.lazy("gql.access")] | None = to_one(
        access_loaders.user_by_id, "updated_by_id", "The user who changed the stage last; none when a program did."
    )
    created_at: datetime = column("When the stage was created.")
    updated_at: datetime = column("When the stage was last changed.")
    version: int = column("Counts the changes: pass it as `expectedVersion`.")
