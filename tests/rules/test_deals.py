"""Moves of a deal through its pipeline, and what a deal is worth."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from db.enums.deals import DealStatus, PipelineStageType, ProbabilityCalculation
from resolvers.rules import IllegalTransition, Invalid
from resolvers.rules.deals import (
    ContactFigures,
    DealDraft,
    DealsOfContact,
    Entry,
    Pipeline,
    Placement,
    PricedProduct,
    ProductDraft,
    ProductLine,
    Stage,
    StageMove,
    StageRecord,
    allowed_stages,
    check_probability,
    contact_figures,
    deal_value,
    minor_units,
    move,
    normalise,
    place,
    price_products,
    product_total,
    weighted_value,
)

NOW = datetime(2026, 11, 20, 20, 0, tzinfo=UTC)
TODAY = date(2026, 11, 21)  # where the tenant is, it is past midnight
ENTRY = Entry(NOW, TODAY)

NEW = Stage(UUID(int=1), "New", 1, default_probability=10)
TALK = Stage(UUID(int=2), "Talk", 2, default_probability=30)
OFFER = Stage(
    UUID(int=3),
    "Offer",
    3,
    default_probability=60,
    required_fields=("value", "next_step", "contact_id", "tags"),
)
WON = Stage(UUID(int=4), "Won", 4, PipelineStageType.CLOSED_WON, 100)
LOST = Stage(UUID(int=5), "Lost", 5, PipelineStageType.CLOSED_LOST, 0)
OLD = Stage(UUID(int=6), "Old", 6, is_active=False)
STAGES = (LOST, NEW, OFFER, OLD, TALK, WON)  # in any order: positions count

FREE = Pipeline(STAGES)
ORDERED = Pipeline(STAGES, is_stage_order_enforced=True)
BY_STAGE = Pipeline(STAGES, ProbabilityCalculation.STAGE_BASED)
BY_HISTORY = Pipeline(STAGES, ProbabilityCalculation.AUTOMATIC)

FILLED = {"value": Decimal(0), "next_step": "call", "contact_id": UUID(int=9), "tags": ["x"]}


def at(stage: Stage, status: DealStatus = DealStatus.OPEN, closed_from: Stage | None = None) -> Placement:
    """A deal of 25 percent that has been in the stage for an hour and a half second."""
    entered = NOW - timedelta(hours=1, milliseconds=500)
    return Placement(stage.id, status, 25, entered, closed_from.id if closed_from else None)


def names(placement: Placement, pipeline: Pipeline) -> list[str]:
    return [stage.name for stage in allowed_stages(placement, pipeline)]


def test_a_move_says_what_to_write() -> None:
    assert move(at(NEW), FREE, TALK.id, ENTRY) == StageMove(
        from_stage_id=NEW.id,
        to_stage_id=TALK.id,
        from_probability=25,
        to_probability=25,
        time_in_stage_seconds=3600,
        status=DealStatus.OPEN,
        stage_entered_at=NOW,
        closed_at=None,
        actual_close_on=None,
    )


@pytest.mark.parametrize(("stage", "status", "probability"), [(WON, DealStatus.WON, 100), (LOST, DealStatus.LOST, 0)])
@pytest.mark.parametrize("pipeline", [FREE, BY_STAGE, BY_HISTORY])
def test_a_closed_stage_closes_the_deal_by_its_kind(
    pipeline: Pipeline, stage: Stage, status: DealStatus, probability: int
) -> None:
    done = move(at(NEW), pipeline, stage.id, ENTRY)
    assert (done.status, done.to_probability) == (status, probability)
    assert (done.closed_at, done.actual_close_on) == (NOW, TODAY)


def test_an_open_stage_reopens_a_closed_deal() -> None:
    done = move(at(WON, DealStatus.WON), FREE, TALK.id, ENTRY)
    assert done.is_reopened
    assert (done.status, done.closed_at, done.actual_close_on) == (DealStatus.OPEN, None, None)
    assert done.to_probability == TALK.default_probability
    assert not move(at(WON, DealStatus.WON), FREE, LOST.id, ENTRY).is_reopened


def test_where_people_set_the_probability_a_move_leaves_it_or_takes_theirs() -> None:
    assert move(at(NEW), FREE, TALK.id, ENTRY).to_probability == 25
    assert move(at(NEW), FREE, TALK.id, Entry(NOW, TODAY, probability=0)).to_probability == 0


def test_where_the_stage_decides_the_probability_is_the_stages() -> None:
    assert move(at(NEW), BY_STAGE, TALK.id, ENTRY).to_probability == 30


@pytest.mark.parametrize(
    ("record", "probability"),
    [
        (StageRecord(0, 0), 30),
        (StageRecord(9, 0), 30),
        (StageRecord(9, 1), 90),
        (StageRecord(0, 10), 0),
        (StageRecord(1, 199), 1),
        (StageRecord(2, 1), 30),
        (StageRecord(20, 10), 67),
    ],
)
def test_an_automatic_probability_is_the_share_of_won_deals_once_enough_have_ended(
    record: StageRecord, probability: int
) -> None:
    assert move(at(NEW), BY_HISTORY, TALK.id, Entry(NOW, TODAY, record=record)).to_probability == probability


@pytest.mark.parametrize("pipeline", [BY_STAGE, BY_HISTORY])
def test_a_calculated_probability_is_not_set_by_hand(pipeline: Pipeline) -> None:
    with pytest.raises(Invalid) as refusal:
        move(at(NEW), pipeline, TALK.id, Entry(NOW, TODAY, probability=50))
    assert (refusal.value.path, refusal.value.code) == (("probability",), "NOT_ALLOWED")


@pytest.mark.parametrize("probability", [-1, 101])
def test_a_probability_lies_between_0_and_100(probability: int) -> None:
    check_probability(ProbabilityCalculation.MANUAL, DealStatus.OPEN, 0)
    check_probability(ProbabilityCalculation.STAGE_BASED, DealStatus.WON, None)
    with pytest.raises(Invalid) as refusal:
        check_probability(ProbabilityCalculation.MANUAL, DealStatus.OPEN, probability)
    assert refusal.value.code == "OUT_OF_RANGE"
    with pytest.raises(Invalid):
        check_probability(ProbabilityCalculation.MANUAL, DealStatus.WON, 50)


def test_every_required_field_that_is_not_filled_is_named() -> None:
    values: dict[str, object] = {"value": None, "next_step": "  ", "tags": []}
    with pytest.raises(Invalid) as refusal:
        move(at(TALK), FREE, OFFER.id, Entry(NOW, TODAY, values))
    assert [(problem.path, problem.code) for problem in refusal.value.problems] == [
        (("value",), "REQUIRED"),
        (("next_step",), "REQUIRED"),
        (("contact_id",), "REQUIRED"),
        (("tags",), "REQUIRED"),
    ]


def test_a_required_field_that_is_0_is_filled() -> None:
    assert move(at(TALK), FREE, OFFER.id, Entry(NOW, TODAY, FILLED)).to_stage_id == OFFER.id


@pytest.mark.parametrize(
    ("placement", "allowed"),
    [
        (at(NEW), ["Talk", "Lost"]),
        (at(TALK), ["New", "Offer", "Lost"]),
        (at(OFFER), ["New", "Talk", "Won", "Lost"]),
        (at(OLD), ["New", "Talk", "Offer", "Won", "Lost"]),
        (at(LOST, DealStatus.LOST), ["New"]),
        (at(LOST, DealStatus.LOST, closed_from=TALK), ["New", "Talk"]),
        (at(WON, DealStatus.WON, closed_from=OFFER), ["New", "Talk", "Offer"]),
    ],
)
def test_an_enforced_order_leads_one_stage_on_or_back_or_out(placement: Placement, allowed: list[str]) -> None:
    assert names(placement, ORDERED) == allowed


def test_a_move_against_the_order_is_refused_with_what_is_allowed() -> None:
    with pytest.raises(IllegalTransition) as refusal:
        move(at(NEW), ORDERED, WON.id, ENTRY)
    assert (refusal.value.current, refusal.value.wanted) == ("New", "Won")
    assert refusal.value.allowed == ("Talk", "Lost")


def test_without_an_enforced_order_a_deal_goes_anywhere_else_that_is_active() -> None:
    assert names(at(NEW), FREE) == ["Talk", "Offer", "Won", "Lost"]
    for stage in (NEW, OLD):
        with pytest.raises(IllegalTransition):
            move(at(NEW), FREE, stage.id, ENTRY)


def test_a_stage_of_another_pipeline_is_unknown() -> None:
    with pytest.raises(Invalid) as refusal:
        move(at(NEW), FREE, UUID(int=99), ENTRY)
    assert (refusal.value.path, refusal.value.code) == (("stage_id",), "UNKNOWN")


def test_an_archived_deal_does_not_move() -> None:
    with pytest.raises(IllegalTransition) as refusal:
        move(at(NEW, DealStatus.ARCHIVED), FREE, TALK.id, ENTRY)
    assert refusal.value.allowed == ()


def test_a_clock_that_runs_back_makes_no_negative_time_in_the_stage() -> None:
    placement = Placement(NEW.id, DealStatus.OPEN, 25, NOW + timedelta(seconds=5))
    assert move(placement, FREE, TALK.id, ENTRY).time_in_stage_seconds == 0


def test_a_new_deal_starts_in_the_first_open_stage() -> None:
    done = place(FREE, None, ENTRY)
    assert (done.from_stage_id, done.to_stage_id) == (None, NEW.id)
    assert (done.from_probability, done.to_probability, done.time_in_stage_seconds) == (None, 10, None)


def test_a_new_deal_starts_elsewhere_only_where_the_order_is_free() -> None:
    assert place(FREE, WON.id, ENTRY).status is DealStatus.WON
    with pytest.raises(IllegalTransition) as refusal:
        place(ORDERED, TALK.id, ENTRY)
    assert refusal.value.allowed == ("New",)
    with pytest.raises(Invalid):
        place(Pipeline((OLD, WON)), None, ENTRY)


@pytest.mark.parametrize(
    ("line", "total"),
    [
        # 3 x 99.99 = 299.97; less 10; less 12.5 % of 299.97 = 37.49625: the percentage is off the full price
        (ProductLine(Decimal("99.99"), Decimal(3), Decimal(10), Decimal("12.5")), "252.47"),
        # 0.5 x 0.01 = 0.005, a half, away from zero
        (ProductLine(Decimal("0.01"), Decimal("0.5")), "0.01"),
        # 0.5 x 0.01 - 0.01 = -0.005, away from zero as well
        (ProductLine(Decimal("0.01"), Decimal("0.5"), Decimal("0.01")), "-0.01"),
        (ProductLine(Decimal(100), discount_percent=Decimal(100)), "0.00"),
        (ProductLine(Decimal(0)), "0.00"),
        # as many digits as there can be: nothing is rounded on the way
        (
            ProductLine(Decimal("99999999.99"), Decimal("99999999.99"), Decimal("0.01"), Decimal("0.01")),
            "9998999998000199.99",
        ),
    ],
)
def test_a_product_costs_quantity_times_price_less_both_discounts(line: ProductLine, total: str) -> None:
    assert product_total(line) == Decimal(total)


@pytest.mark.parametrize(
    ("line", "path"),
    [
        (ProductLine(Decimal(1), Decimal(0)), "quantity"),
        (ProductLine(Decimal(1), Decimal("1.001")), "quantity"),
        (ProductLine(Decimal(1), Decimal(100000000)), "quantity"),
        (ProductLine(Decimal(-1)), "unit_price"),
        (ProductLine(Decimal(1), discount_amount=Decimal(-1)), "discount_amount"),
        (ProductLine(Decimal(1), discount_percent=Decimal("100.01")), "discount_percent"),
        (ProductLine(Decimal("9999999999999999.99"), Decimal(2)), "total_price"),
    ],
)
def test_a_product_beyond_the_ranges_of_the_source_is_refused(line: ProductLine, path: str) -> None:
    with pytest.raises(Invalid) as refusal:
        product_total(line)
    assert refusal.value.path == (path,)


MONEY = st.decimals(0, 10**9, places=2)


@given(MONEY, st.decimals("0.01", 10**6, places=2), MONEY, st.decimals(0, 100, places=2))
def test_a_product_total_is_within_half_a_cent_of_the_exact_sum(
    price: Decimal, quantity: Decimal, amount: Decimal, percent: Decimal
) -> None:
    hundredths = int(price * 100) * int(quantity * 100)
    exact = hundredths * 10_000 - int(amount * 100) * 10**6 - hundredths * int(percent * 100)
    total = product_total(ProductLine(price, quantity, amount, percent))
    assert abs(int(total.scaleb(2)) * 10**6 - exact) <= 500_000


def test_a_deal_is_worth_the_sum_of_its_products_when_it_has_any() -> None:
    assert deal_value(None, [Decimal("10.10"), Decimal("-0.10")]) == Decimal(10)
    assert deal_value(Decimal(10), [Decimal("10.10"), Decimal("-0.10")]) == Decimal(10)
    assert deal_value(Decimal("7.50"), []) == Decimal("7.50")
    assert deal_value(None, []) is None
    assert deal_value(None, [Decimal(0)]) == 0


@pytest.mark.parametrize(
    ("stated", "totals", "code"),
    [
        (Decimal("10.01"), [Decimal(10)], "MISMATCH"),
        (None, [Decimal(-1)], "OUT_OF_RANGE"),
        (Decimal(-1), [], "OUT_OF_RANGE"),
        (Decimal("0.001"), [], "FORMAT"),
    ],
)
def test_a_value_that_contradicts_is_refused(stated: Decimal | None, totals: list[Decimal], code: str) -> None:
    with pytest.raises(Invalid) as refusal:
        deal_value(stated, totals)
    assert (refusal.value.path, refusal.value.code) == (("value",), code)


@pytest.mark.parametrize(
    ("value", "probability", "weighted"),
    [("100.01", 50, "50.01"), ("0.01", 49, "0.00"), ("9999999999999999.99", 100, "9999999999999999.99")],
)
def test_the_weighted_value_is_rounded_half_up(value: str, probability: int, weighted: str) -> None:
    assert weighted_value(Decimal(value), probability) == Decimal(weighted)
    assert weighted_value(None, probability) is None


def test_a_total_is_rounded_to_the_smallest_unit_of_its_currency() -> None:
    line = ProductLine(Decimal("99.50"), Decimal(3), discount_percent=Decimal(10))
    assert product_total(line, 0) == Decimal(269)  # 268.65 yen
    assert product_total(line, 3) == Decimal("268.65")  # stored with two digits, though a dinar has three


@pytest.mark.parametrize(
    ("value", "digits", "code"),
    [
        (Decimal("100.50"), 0, "FORMAT"),
        (Decimal("0.001"), 3, "FORMAT"),
        (Decimal("10000000000000.00"), 2, "OUT_OF_RANGE"),
        (Decimal("NaN"), 2, "FORMAT"),
    ],
)
def test_a_value_that_the_currency_cannot_express_is_refused(value: Decimal, digits: int, code: str) -> None:
    with pytest.raises(Invalid) as refusal:
        deal_value(value, [], digits)
    assert (refusal.value.path, refusal.value.code) == (("value",), code)


@pytest.mark.parametrize(
    ("value", "digits", "units"),
    [("12.34", 2, 1234), ("12.00", 0, 12), ("12.34", 3, 12340), ("9999999999999.99", 4, 99999999999999900)],
)
def test_minor_units_follow_the_currencys_exponent(value: str, digits: int, units: int) -> None:
    assert minor_units(Decimal(value), digits) == units < 2**63
    assert minor_units(None, digits) == 0


def test_products_are_tidied_and_priced_in_their_order() -> None:
    drafts = [
        ProductDraft(" Sofa ", ProductLine(Decimal(100), Decimal(2)), " ", " soft "),
        ProductDraft("Lamp", ProductLine(Decimal(5)), custom_fields={"colour": "red"}),
    ]
    none = Decimal(0)
    assert price_products(drafts) == [
        PricedProduct("Sofa", None, "soft", Decimal(2), Decimal(100), none, none, Decimal(200), {}),
        PricedProduct("Lamp", None, None, Decimal(1), Decimal(5), none, none, Decimal(5), {"colour": "red"}),
    ]


def test_what_is_wrong_with_products_is_told_of_all_of_them_at_once() -> None:
    drafts = [
        ProductDraft("", ProductLine(Decimal(-1), Decimal(0))),
        ProductDraft("Lamp", ProductLine(Decimal(5))),
        ProductDraft("x" * 256, ProductLine(Decimal(5)), custom_fields={"1": 1}),
    ]
    with pytest.raises(Invalid) as refusal:
        price_products(drafts)
    assert [problem.path for problem in refusal.value.problems] == [
        ("products", 0, "product_name"),
        ("products", 0, "quantity"),
        ("products", 0, "unit_price"),
        ("products", 2, "product_name"),
        ("products", 2, "custom_fields", "1"),
    ]
    with pytest.raises(Invalid) as refusal:
        price_products([drafts[1]] * 201)
    assert (refusal.value.path, refusal.value.code) == (("products",), "TOO_MANY")


def test_a_deal_is_tidied_and_has_a_title() -> None:
    tidy = normalise(DealDraft(" Sofa ", next_step=" ", competitor=" Acme ", tags=["a", "A"]))
    assert tidy == DealDraft("Sofa", competitor="Acme", tags=["a"])
    with pytest.raises(Invalid) as refusal:
        normalise(DealDraft(" ", close_reason="x" * 101, custom_fields={"a b": 1}))
    assert [problem.path for problem in refusal.value.problems] == [
        ("title",),
        ("close_reason",),
        ("custom_fields", "a b"),
    ]


def test_a_contacts_figures_keep_currencies_apart_and_leave_out_what_is_nothing() -> None:
    assert contact_figures([]) == ContactFigures(0, 0, 0, {}, {})
    assert contact_figures(
        [
            DealsOfContact(DealStatus.OPEN, "EUR", 2, Decimal("10.10")),
            DealsOfContact(DealStatus.WON, "EUR", 1, Decimal("5.00")),
            DealsOfContact(DealStatus.WON, "INR", 1, Decimal("7.00")),
            DealsOfContact(DealStatus.LOST, "INR", 3, Decimal("0.50")),
            DealsOfContact(DealStatus.ARCHIVED, "USD", 1, Decimal("0.00")),
            DealsOfContact(DealStatus.OPEN, "JPY", 1, None),
        ]
    ) == ContactFigures(9, 3, 2, {"EUR": "15.10", "INR": "7.50"}, {"EUR": "5.00", "INR": "7.00"})
