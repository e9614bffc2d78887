"""Pipelines with their stages, deals, their products and moves for tests."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from db.deals import Deal, DealProduct, DealStageChange, Pipeline, PipelineStage
from db.enums.deals import PipelineStageType
from db.organizations import Tenant
from resolvers.core.currencies import minor_digits
from resolvers.rules.deals import minor_units
from tests.support.store import START, Store


@dataclass(frozen=True, slots=True)
class Flow:
    """A pipeline with its stages: three open ones (10, 30 and 60 percent), won and lost."""

    pipeline: Pipeline
    new: PipelineStage
    talk: PipelineStage
    offer: PipelineStage
    won: PipelineStage
    lost: PipelineStage


async def pipeline(store: Store, tenant: Tenant, **values: Any) -> Pipeline:
    """A pipeline in EUR without stages, in which people set the probability."""
    number = store.number()
    return await store.add(
        Pipeline(**{"tenant_id": tenant.id, "name": f"Pipeline {number}", "currency": "EUR", **values})
    )


async def pipeline_stage(store: Store, tenant: Tenant, **values: Any) -> PipelineStage:
    """An open stage, the first of a new pipeline unless told otherwise."""
    number = store.number()
    if "pipeline_id" not in values:
        values["pipeline_id"] = (await pipeline(store, tenant)).id
    return await store.add(
        PipelineStage(**{"tenant_id": tenant.id, "name": f"Stage {number}", "position": 1, **values})
    )


async def flow(store: Store, tenant: Tenant, **values: Any) -> Flow:
    """A pipeline with five stages; `values` are the pipeline's."""
    made = await pipeline(store, tenant, **values)
    kinds = PipelineStageType
    stages = [
        await pipeline_stage(
            store,
            tenant,
            pipeline_id=made.id,
            name=name,
            position=position,
            stage_type=kind,
            default_probability=probability,
        )
        for position, (name, kind, probability) in enumerate(
            [
                ("New", kinds.OPEN, 10),
                ("Talk", kinds.OPEN, 30),
                ("Offer", kinds.OPEN, 60),
                ("Won", kinds.CLOSED_WON, 100),
                ("Lost", kinds.CLOSED_LOST, 0),
            ],
            start=1,
        )
    ]
    return Flow(made, *stages)


async def deal(store: Store, tenant: Tenant, **values: Any) -> Deal:
    """An open deal over 1,000.00 EUR, in a stage of its own unless one is given. Its contact's figures stay."""
    number = store.number()
    if "stage_id" not in values:
        stage = await pipeline_stage(
            store, tenant, **({"pipeline_id": values["pipeline_id"]} if "pipeline_id" in values else {})
        )
        values |= {"stage_id": stage.id, "pipeline_id": stage.pipeline_id}
    given = {
        "tenant_id": tenant.id,
        "title": f"Deal {number}",
        "value": Decimal("1000.00"),
        "currency": "EUR",
        "stage_entered_at": START,
        **values,
    }
    given.setdefault("value_minor", minor_units(given["value"], minor_digits(given["currency"])))
    return await store.add(Deal(**given))


async def deal_product(store: Store, tenant: Tenant, **values: Any) -> DealProduct:
    """One piece for 1,000.00 EUR: the only product of its deal unless told otherwise."""
    number = store.number()
    if "deal_id" not in values:
        values["deal_id"] = (await deal(store, tenant)).id
    return await store.add(
        DealProduct(
            **{
                "tenant_id": tenant.id,
                "position": 1,
                "product_name": f"Product {number}",
                "unit_price": Decimal("1000.00"),
                "total_price": Decimal("1000.00"),
                "currency": "EUR",
                **values,
            }
        )
    )


async def deal_stage_change(store: Store, tenant: Tenant, **values: Any) -> DealStageChange:
    """The creation of a deal in the stage where it is."""
    if "deal_id" not in values:
        made = await deal(store, tenant)
        values |= {"deal_id": made.id, "to_stage_id": made.stage_id}
    return await store.add(DealStageChange(**{"tenant_id": tenant.id, "to_probability": 10, **values}))
