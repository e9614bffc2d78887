"""What happens to deals: they are created, changed, moved through their pipeline, and summed up.

Locks are taken in one order: first the deal, then contacts by ascending id, and nobody who holds a contact
waits for a deal. A new deal's contact is locked before the deal is stored. A contact is locked only when its
figures change, and they are then counted anew from its deals: right whatever happened to them before.
"""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, fields
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from sqlalchemy import func, select

from db import deals as rows
from db.access import Team, User
from db.contacts import Account, Contact
from db.core.base import TenantRow
from db.enums.deals import DealStatus, PipelineStageType, ProbabilityCalculation
from db.enums.events import EventType
from db.policies import Policy
from resolvers.core.context import Context
from resolvers.core.currencies import minor_digits
from resolvers.core.errors import BadUserInput, input_path
from resolvers.core.filtering import Condition, parameterise, shape_to_sql
from resolvers.core.statements import Compiled, compiled, kept
from resolvers.core.writes import Values, Write
from resolvers.loaders import deals as loaders
from resolvers.organizations import today
from resolvers.rules import Invalid
from resolvers.rules import deals as rules
from resolvers.rules.core import clean_text

RECORD_SIZE: Final = 1000  # the latest moves into a stage that an AUTOMATIC probability is calculated from
MAX_GROUPS: Final = 1000

_DRAFTED: Final = frozenset(field.name for field in fields(rules.DealDraft))
_LINE: Final = frozenset(field.name for field in fields(rules.ProductLine))
_MONEY: Final = frozenset({"value", "currency", "products"})
_COUNTED: Final = frozenset({"contact_id", "value", "currency"})  # with the status: a contact's figures
_COLUMNS: Final = frozenset(column.name for column in rows.Deal.__table__.columns) - {"search_document"}
_DEFAULTS: Final = {
    column.name: column.default.arg
    for column in rows.Deal.__table__.columns
    if column.default is not None and column.default.is_scalar
}
_PRODUCT_COLUMNS: Final = tuple(field.name for field in fields(rules.PricedProduct))
_REFERENCES: Final = {"account_id": Account, "policy_id": Policy, "owner_id": User, "team_id": Team}


async def create_deal(write: Write, values: Values) -> Mapping[str, TenantRow]:
    """Add a deal with its products, in a stage of its pipeline: the tenant's default one unless named.

    Its owner is the viewer unless another, or none, is given. Raises NotFound for what it refers to, Invalid
    for its values and the stage's required fields, IllegalTransition for a stage where no deal may start.
    """
    values = {"owner_id": write.viewer.user_id, **values}
    values = {name: value for name, value in values.items() if value is not None}
    pipeline, flow = await _flow(write, values.pop("pipeline_id", None) or await _default_pipeline(write))
    if not pipeline.is_active:
        raise Invalid(("pipeline_id",), "must be an active pipeline", "NOT_ALLOWED")
    stage_id, products = values.pop("stage_id", None), values.pop("products", [])
    probability = values.pop("probability", None)
    await _check_stage(write, flow, stage_id)
    await write.check_references(values, _REFERENCES)
    contacts = await _lock_contacts(write, {values.get("contact_id")})
    values |= _normalised({"title": None, **values}, {})
    digits = minor_digits(values.setdefault("currency", pipeline.currency))
    priced = rules.price_products([_product_draft(product) for product in products], digits)
    value = rules.deal_value(values.get("value"), [line.total_price for line in priced], digits)
    values |= {"value": value, "value_minor": rules.minor_units(value, digits), "pipeline_id": pipeline.id}
    record = await _record(write, flow, stage_id or rules.first_stage(flow).id, None)
    entry = rules.Entry(write.now, await today(write), {**_DEFAULTS, **values}, probability, record)
    move = rules.place(flow, stage_id, entry)
    deal = write.add(rows.Deal(**values, **_placed(move), created_by_id=write.viewer.user_id))
    await write.session.flush()
    _add_products(write, deal, priced)
    _add_stage_change(write, deal, move, None)
    await _recount(write, contacts)
    _record_event(write, EventType.DEAL_CREATED, deal, {"old_stage_id": None, "old_status": None})
    return {"deal": deal}


async def update_deal(write: Write, values: Values) -> Mapping[str, TenantRow]:
    """Change the given values of a deal within its stage; a null clears one.

    Products, when given, replace all there are. When the last one goes, the deal keeps its value until
    another is given. Raises as `create_deal`, and Conflict.
    """
    deal = await write.lock(rows.Deal, values.pop("id"), version=values.pop("expected_version", None))
    before = {"old_stage_id": deal.stage_id, "old_status": deal.status}
    before |= {"old_contact_id": deal.contact_id, "old_owner_id": deal.owner_id}
    await write.check_references(values, _REFERENCES)
    if values.get("probability") is not None:
        pipeline = await write.get(rows.Pipeline, deal.pipeline_id, input_path("id"))
        rules.check_probability(pipeline.probability_calculation, deal.status, values["probability"])
    changes = {name: value for name, value in values.items() if name != "products"}
    changes |= _normalised(values, {name: getattr(deal, name) for name in _DRAFTED})
    lines = await _product_lines(write, deal) if _MONEY & values.keys() else []
    products = present = [_priced(line) for line in lines]
    if _MONEY & values.keys():
        products, worth = _worth(deal, values, present)
        changes |= worth
    has_other_products = products != present or (bool(lines) and changes["currency"] != deal.currency)
    if not has_other_products and not _differs(deal, changes):
        return {"deal": deal}
    contacts: list[Contact] = []
    if _differs(deal, {name: changes[name] for name in _COUNTED & changes.keys()}):
        contacts = await _lock_contacts(write, {deal.contact_id, changes.get("contact_id", deal.contact_id)})
    write.change(deal, {**changes, "updated_by_id": write.viewer.user_id})
    if has_other_products:
        await _replace_products(write, deal, lines, products)
    await _recount(write, contacts)
    _record_event(write, EventType.DEAL_UPDATED, deal, before)
    return {"deal": deal}


async def move_deal(write: Write, values: Values) -> Mapping[str, TenantRow]:
    """Move a deal to another stage of its pipeline, which may close or reopen it, and write down the move.

    A deal that leaves a closed stage loses the reason for which it was closed, unless another is given.
    Raises NotFound, Conflict, IllegalTransition with the stages that are allowed, and Invalid with the
    required fields that are not filled.
    """
    deal = await write.lock(rows.Deal, values["id"], version=values.get("expected_version"))
    _, flow = await _flow(write, deal.pipeline_id)
    stage_id = values["stage_id"]
    await _check_stage(write, flow, stage_id)
    notes = clean_text(("notes",), values.get("notes"), rules.LENGTHS["notes"])
    reason = deal.close_reason if deal.status is DealStatus.OPEN else None
    if "close_reason" in values:
        longest = rules.LENGTHS["close_reason"]
        reason = clean_text(("close_reason",), values["close_reason"], longest)
    closed_from = await _closed_from(write, flow, deal)
    placement = rules.Placement(deal.stage_id, deal.status, deal.probability, deal.stage_entered_at, closed_from)
    filled = {name: getattr(deal, name) for name in _COLUMNS} | {"close_reason": reason}
    record = await _record(write, flow, stage_id, deal.id)
    entry = rules.Entry(write.now, await today(write), filled, values.get("probability"), record)
    move = rules.move(placement, flow, stage_id, entry)
    contacts: list[Contact] = []
    if move.status is not deal.status:
        contacts = await _lock_contacts(write, {deal.contact_id})
    before = {"old_stage_id": deal.stage_id, "old_status": deal.status}
    write.change(deal, {**_placed(move), "close_reason": reason, "updated_by_id": write.viewer.user_id})
    stage_change = _add_stage_change(write, deal, move, notes)
    await _recount(write, contacts)
    _record_event(write, EventType.DEAL_STAGE_CHANGED, deal, before)
    return {"deal": deal, "stage_change": stage_change}


@dataclass(frozen=True, slots=True)
class DealGroup:
    """The deals of one stage or owner in one currency, summed up.

    `deal_count` counts those without a value too; `average_value` is over those with one, None when there is
    none. `weighted_value` is the sum of each deal's value times its probability, rounded to two digits.
    """

    stage_id: UUID | None
    owner_id: UUID | None
    currency: str
    deal_count: int
    total_value: Decimal
    average_value: Decimal | None
    weighted_value: Decimal


_GROUPS: Final = {"STAGE": rows.Deal.stage_id, "OWNER": rows.Deal.owner_id}


async def group_deals(context: Context, by: str, condition: Condition | None) -> list[DealGroup]:
    """The matching deals in groups by STAGE or OWNER, and by currency, in the order of these keys.

    Deals without an owner make a group of their own. Raises BadUserInput when there are too many groups.
    """
    parameters: dict[str, Any] = {"tenant": context.tenant_id}
    shape = None if condition is None else parameterise(condition, loaders.deals.filters, parameters)
    statement = _grouped(by, shape)
    found = await context.reads.fetch(statement.sql, statement.values(parameters))
    if len(found) > MAX_GROUPS:
        raise BadUserInput(f"There are more than {MAX_GROUPS} groups: narrow the filter.", ("filter",))
    is_stage = by == "STAGE"
    return [DealGroup(key if is_stage else None, None if is_stage else key, *figures) for key, *figures in found]


@kept
def _grouped(by: str, shape: Condition | None) -> Compiled:
    """The groups of a condition's shape, and one more than there may be."""
    key, value, filters = _GROUPS[by], rows.Deal.value, loaders.deals.filters
    weighted = func.round(value * rows.Deal.probability / 100, 2)
    return compiled(
        select(
            key,
            rows.Deal.currency,
            func.count(),
            func.coalesce(func.sum(value), Decimal("0.00")),
            func.round(func.avg(value), 2),
            func.coalesce(func.sum(weighted), Decimal("0.00")),
        )
        .where(shape_to_sql(shape, filters))
        .group_by(key, rows.Deal.currency)
        .order_by(key, rows.Deal.currency)
        .limit(MAX_GROUPS + 1)
    )


async def _flow(write: Write, pipeline_id: UUID) -> tuple[rows.Pipeline, rules.Pipeline]:
    """The pipeline, as it is stored and as the rules see it."""
    pipeline = await write.get(rows.Pipeline, pipeline_id, input_path("pipeline_id"))
    stages = await write.session.scalars(
        select(rows.PipelineStage).where(rows.PipelineStage.pipeline_id == pipeline_id)
    )
    names = [field.name for field in fields(rules.Stage)]
    seen = [rules.Stage(**{name: getattr(stage, name) for name in names}) for stage in stages]
    return pipeline, rules.Pipeline(seen, pipeline.probability_calculation, pipeline.is_stage_order_enforced)


async def _default_pipeline(write: Write) -> UUID:
    found = await write.session.scalar(select(rows.Pipeline.id).where(rows.Pipeline.is_default))
    if found is None:
        raise Invalid(("pipeline_id",), "must be given: the tenant has no default pipeline", "REQUIRED")
    return found


async def _check_stage(write: Write, flow: rules.Pipeline, stage_id: UUID | None) -> None:
    """Raise NotFound for a stage that the tenant does not have; the rules refuse one of another pipeline."""
    if stage_id is not None and all(stage.id != stage_id for stage in flow.stages):
        await write.get(rows.PipelineStage, stage_id, input_path("stage_id"))


async def _lock_contacts(write: Write, ids: Iterable[UUID | None]) -> list[Contact]:
    wanted = sorted(contact_id for contact_id in set(ids) if contact_id is not None)
    return [await write.lock(Contact, contact_id, path=input_path("contact_id")) for contact_id in wanted]


async def _recount(write: Write, contacts: Iterable[Contact]) -> None:
    """Count the figures of locked contacts anew. They are derived: the contacts' versions stay as they are."""
    await write.session.flush()
    for contact in contacts:
        groups = await write.session.execute(
            select(rows.Deal.status, rows.Deal.currency, func.count(), func.sum(rows.Deal.value))
            .where(rows.Deal.contact_id == contact.id)
            .group_by(rows.Deal.status, rows.Deal.currency)
        )
        figures = rules.contact_figures(rules.DealsOfContact(*group) for group in groups)
        for name, value in asdict(figures).items():
            setattr(contact, name, value)


async def _record(write: Write, flow: rules.Pipeline, stage_id: UUID, but: UUID | None) -> rules.StageRecord:
    """How other deals have ended that came into the stage lately; only an AUTOMATIC pipeline asks for it."""
    if flow.probability_calculation is not ProbabilityCalculation.AUTOMATIC:
        return rules.StageRecord()
    latest = (
        select(rows.DealStageChange.deal_id)
        .where(rows.DealStageChange.to_stage_id == stage_id)
        .order_by(rows.DealStageChange.created_at.desc(), rows.DealStageChange.id.desc())
        .limit(RECORD_SIZE)
    )
    ended = await write.session.execute(
        select(rows.Deal.status, func.count())
        .where(rows.Deal.id.in_(latest), rows.Deal.id.is_distinct_from(but))
        .where(rows.Deal.status.in_((DealStatus.WON, DealStatus.LOST)))
        .group_by(rows.Deal.status)
    )
    counts: dict[DealStatus, int] = dict(ended.all())  # pairs
    return rules.StageRecord(counts.get(DealStatus.WON, 0), counts.get(DealStatus.LOST, 0))


async def _closed_from(write: Write, flow: rules.Pipeline, deal: rows.Deal) -> UUID | None:
    """The open stage that a closed deal was last in; only an enforced order asks for it."""
    if deal.status is DealStatus.OPEN or not flow.is_stage_order_enforced:
        return None
    open_stages = [stage.id for stage in flow.stages if stage.stage_type is PipelineStageType.OPEN]
    found: UUID | None = await write.session.scalar(
        select(rows.DealStageChange.from_stage_id)
        .where(rows.DealStageChange.deal_id == deal.id, rows.DealStageChange.from_stage_id.in_(open_stages))
        .order_by(rows.DealStageChange.created_at.desc(), rows.DealStageChange.id.desc())
        .limit(1)
    )
    return found


def _placed(move: rules.StageMove) -> Values:
    """What a move sets on the deal."""
    return {
        "stage_id": move.to_stage_id,
        "status": move.status,
        "probability": move.to_probability,
        "stage_entered_at": move.stage_entered_at,
        "closed_at": move.closed_at,
        "actual_close_on": move.actual_close_on,
    }


def _add_stage_change(write: Write, deal: rows.Deal, move: rules.StageMove, notes: str | None) -> rows.DealStageChange:
    return write.add(
        rows.DealStageChange(
            deal_id=deal.id,
            from_stage_id=move.from_stage_id,
            to_stage_id=move.to_stage_id,
            from_probability=move.from_probability,
            to_probability=move.to_probability,
            time_in_stage_seconds=move.time_in_stage_seconds,
            notes=notes,
            changed_by_id=write.viewer.user_id,
        )
    )


def _normalised(values: Values, current: Mapping[str, Any]) -> Values:
    """The given texts and free fields as they are stored, judged together with the deal's other ones."""
    given = _DRAFTED & values.keys()
    drafted = {**current, **{name: values[name] for name in given}}
    for name, empty in (("tags", []), ("custom_fields", {})):
        drafted[name] = empty if drafted.get(name) is None else drafted[name]
    settled = asdict(rules.normalise(rules.DealDraft(**drafted)))
    return {name: settled[name] for name in given}


def _product_draft(product: Values) -> rules.ProductDraft:
    """A product of the input; a null counts as left out."""
    given = {name: value for name, value in product.items() if value is not None}
    line = rules.ProductLine(**{name: given.pop(name) for name in _LINE & given.keys()})
    return rules.ProductDraft(line=line, **{"product_name": None, **given})


def _priced(product: rows.DealProduct) -> rules.PricedProduct:
    return rules.PricedProduct(**{name: getattr(product, name) for name in _PRODUCT_COLUMNS})


def _worth(
    deal: rows.Deal, values: Values, products: list[rules.PricedProduct]
) -> tuple[list[rules.PricedProduct], Values]:
    """The deal's products and what it is worth, after the changes."""
    currency = values.get("currency", deal.currency)
    digits = minor_digits(currency)
    if "products" in values:
        drafts = [_product_draft(product) for product in values["products"] or []]
        products = rules.price_products(drafts, digits)
    elif products and currency != deal.currency:
        raise Invalid(("currency",), "cannot change without its products, which are priced in it", "MISMATCH")
    stated = values.get("value", None if products else deal.value)
    value = rules.deal_value(stated, [product.total_price for product in products], digits)
    return products, {"value": value, "value_minor": rules.minor_units(value, digits), "currency": currency}


async def _product_lines(write: Write, deal: rows.Deal) -> list[rows.DealProduct]:
    found = await write.session.scalars(
        select(rows.DealProduct)
        .where(rows.DealProduct.deal_id == deal.id)
        .order_by(rows.DealProduct.position, rows.DealProduct.id)
    )
    return list(found)


async def _replace_products(
    write: Write, deal: rows.Deal, lines: list[rows.DealProduct], products: list[rules.PricedProduct]
) -> None:
    """Put the products in the place of the present lines, and tell of it with the deal's other changes."""
    before = [{**asdict(_priced(line)), "currency": line.currency} for line in lines]
    for line in lines:
        await write.session.delete(line)
    _add_products(write, deal, products)
    after = [{**asdict(product), "currency": deal.currency} for product in products]
    write.change_part(deal, "products", before, after)


def _add_products(write: Write, deal: rows.Deal, products: Iterable[rules.PricedProduct]) -> None:
    for position, product in enumerate(products, start=1):
        line = rows.DealProduct(
            **asdict(product),
            deal_id=deal.id,
            position=position,
            currency=deal.currency,
            created_by_id=write.viewer.user_id,
        )
        write.add(line)


def _differs(deal: rows.Deal, changes: Values) -> bool:
    return any(getattr(deal, name) != value for name, value in changes.items())


def _record_event(write: Write, type_: EventType, deal: rows.Deal, before: Mapping[str, Any]) -> None:
    payload = {
        "pipeline_id": deal.pipeline_id,
        "new_stage_id": deal.stage_id,
        "new_status": deal.status,
        "contact_id": deal.contact_id,
        "account_id": deal.account_id,
        "policy_id": deal.policy_id,
        "owner_id": deal.owner_id,
        "team_id": deal.team_id,
        "priority": deal.priority,
        "deal_type": deal.deal_type,
        **before,
    }
    write.record(type_, deal, payload, subject_id=deal.contact_id)
