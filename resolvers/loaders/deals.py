"""Batched reads of deals, of their products and moves, and of the pipelines and stages they run through."""

from db import deals as rows
from resolvers.core.loaders import ById
from resolvers.core.pagination import Listing, PagesBy

pipeline_by_id = ById(rows.Pipeline)
pipeline_stage_by_id = ById(rows.PipelineStage)
deal_by_id = ById(rows.Deal)
deal_product_by_id = ById(rows.DealProduct)
deal_stage_change_by_id = ById(rows.DealStageChange)

pipelines = Listing(
    rows.Pipeline,
    orders={"NAME": rows.Pipeline.name, "CREATED_AT": rows.Pipeline.created_at},
    default_order="NAME",
    filters={
        "name": rows.Pipeline.name,
        "pipeline_type": rows.Pipeline.pipeline_type,
        "is_default": rows.Pipeline.is_default,
        "is_active": rows.Pipeline.is_active,
        "currency": rows.Pipeline.currency,
        "created_at": rows.Pipeline.created_at,
    },
)

pipeline_stages = Listing(
    rows.PipelineStage,
    orders={"POSITION": rows.PipelineStage.position, "CREATED_AT": rows.PipelineStage.created_at},
    default_order="POSITION",
    filters={
        "pipeline_id": rows.PipelineStage.pipeline_id,
        "name": rows.PipelineStage.name,
        "position": rows.PipelineStage.position,
        "stage_type": rows.PipelineStage.stage_type,
        "default_probability": rows.PipelineStage.default_probability,
        "is_active": rows.PipelineStage.is_active,
        "created_at": rows.PipelineStage.created_at,
    },
)

deals = Listing(
    rows.Deal,
    orders={
        "CREATED_AT": rows.Deal.created_at,
        "UPDATED_AT": rows.Deal.updated_at,
        "TITLE": rows.Deal.title,
        "VALUE": rows.Deal.value_minor,
        "STAGE_ENTERED_AT": rows.Deal.stage_entered_at,
    },
    default_order="CREATED_AT",
    is_default_descending=True,
    filters={
        "title": rows.Deal.title,
        "status": rows.Deal.status,
        "priority": rows.Deal.priority,
        "deal_type": rows.Deal.deal_type,
        "value": rows.Deal.value,
        "currency": rows.Deal.currency,
        "probability": rows.Deal.probability,
        "stage_entered_at": rows.Deal.stage_entered_at,
        "expected_close_on": rows.Deal.expected_close_on,
        "actual_close_on": rows.Deal.actual_close_on,
        "closed_at": rows.Deal.closed_at,
        "close_reason": rows.Deal.close_reason,
        "lead_source": rows.Deal.lead_source,
        "competitor": rows.Deal.competitor,
        "tags": rows.Deal.tags,
        "contact_id": rows.Deal.contact_id,
        "account_id": rows.Deal.account_id,
        "policy_id": rows.Deal.policy_id,
        "pipeline_id": rows.Deal.pipeline_id,
        "stage_id": rows.Deal.stage_id,
        "owner_id": rows.Deal.owner_id,
        "team_id": rows.Deal.team_id,
        "created_by_id": rows.Deal.created_by_id,
        "created_at": rows.Deal.created_at,
        "updated_at": rows.Deal.updated_at,
    },
    is_searchable=True,
)

_PRODUCT_FILTERS = {
    "deal_id": rows.DealProduct.deal_id,
    "product_name": rows.DealProduct.product_name,
    "product_code": rows.DealProduct.product_code,
    "quantity": rows.DealProduct.quantity,
    "unit_price": rows.DealProduct.unit_price,
    "total_price": rows.DealProduct.total_price,
    "currency": rows.DealProduct.currency,
    "created_at": rows.DealProduct.created_at,
}

deal_products = Listing(
    rows.DealProduct,
    orders={"CREATED_AT": rows.DealProduct.created_at},
    default_order="CREATED_AT",
    is_default_descending=True,
    filters=_PRODUCT_FILTERS,
)

# Within a deal products have a position, which orders nothing across deals.
products_of_a_deal = Listing(
    rows.DealProduct,
    orders={"POSITION": rows.DealProduct.position},
    default_order="POSITION",
    filters=_PRODUCT_FILTERS,
)

deal_stage_changes = Listing(
    rows.DealStageChange,
    orders={"CREATED_AT": rows.DealStageChange.created_at},
    default_order="CREATED_AT",
    is_default_descending=True,
    filters={
        "deal_id": rows.DealStageChange.deal_id,
        "from_stage_id": rows.DealStageChange.from_stage_id,
        "to_stage_id": rows.DealStageChange.to_stage_id,
        "changed_by_id": rows.DealStageChange.changed_by_id,
        "time_in_stage_seconds": rows.DealStageChange.time_in_stage_seconds,
        "created_at": rows.DealStageChange.created_at,
    },
)

pipeline_stages_by_pipeline = PagesBy(pipeline_stages, lambda key: rows.PipelineStage.pipeline_id == key)
deals_by_contact = PagesBy(deals, lambda key: rows.Deal.contact_id == key)
deals_by_account = PagesBy(deals, lambda key: rows.Deal.account_id == key)
deals_by_owner = PagesBy(deals, lambda key: rows.Deal.owner_id == key)
deals_by_stage = PagesBy(deals, lambda key: rows.Deal.stage_id == key)
deals_by_pipeline = PagesBy(deals, lambda key: rows.Deal.pipeline_id == key)
deals_by_policy = PagesBy(deals, lambda key: rows.Deal.policy_id == key)
deals_by_team = PagesBy(deals, lambda key: rows.Deal.team_id == key)
deal_products_by_deal = PagesBy(products_of_a_deal, lambda key: rows.DealProduct.deal_id == key)
deal_stage_changes_by_deal = PagesBy(deal_stage_changes, lambda key: rows.DealStageChange.deal_id == key)
