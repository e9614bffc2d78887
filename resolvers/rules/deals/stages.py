"""How a deal goes through its pipeline: where it may go, and what a move sets."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import ROUND_HALF_UP, Decimal
from types import MappingProxyType
from typing import Final
from uuid import UUID

from db.enums.deals import DealStatus, PipelineStageType, ProbabilityCalculation
from resolvers.rules import Findings, IllegalTransition, Invalid

FEWEST_ENDED_DEALS: Final = 10
"""With fewer ended deals an AUTOMATIC probability would be chance: the stage's default stands in."""

_STATUS: Final[Mapping[PipelineStageType, DealStatus]] = MappingProxyType(
    {
        PipelineStageType.OPEN: DealStatus.OPEN,
        PipelineStageType.CLOSED_WON: DealStatus.WON,
        PipelineStageType.CLOSED_LOST: DealStatus.LOST,
    }
)
_PROBABILITY_AT_END: Final = MappingProxyType({DealStatus.WON: 100, DealStatus.LOST: 0})


@dataclass(frozen=True, slots=True)
class Stage:
    """A stage as moves see it. `required_fields` names columns of the deal that must be filled to enter."""

    id: UUID
    name: str
    position: int
    stage_type: PipelineStageType = PipelineStageType.OPEN
    default_probability: int = 0
    required_fields: Sequence[str] = ()
    is_active: bool = True


@dataclass(frozen=True, slots=True)
class Pipeline:
    """A pipeline as moves see it, with all its stages."""

    stages: Sequence[Stage]
    probability_calculation: ProbabilityCalculation = ProbabilityCalculation.MANUAL
    is_stage_order_enforced: bool = False

    def stage(self, stage_id: UUID) -> Stage:
        """The stage of that id that deals may be in; Invalid when the pipeline has none."""
        for stage in self.stages:
            if stage.id == stage_id:
                return stage
        raise Invalid(("stage_id",), "is no stage of the deal's pipeline", "UNKNOWN")

    def active_stages(self) -> list[Stage]:
        """The stages that deals may enter, in their order."""
        return sorted((stage for stage in self.stages if stage.is_active), key=lambda stage: stage.position)


@dataclass(frozen=True, slots=True)
class Placement:
    """Where a deal is in its pipeline.

    `closed_from_stage_id` is the open stage from which a closed deal was closed, where that is known.
    """

    stage_id: UUID
    status: DealStatus
    probability: int
    stage_entered_at: datetime
    closed_from_stage_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class StageRecord:
    """How those deals have ended that were in a stage once."""

    won: int = 0
    lost: int = 0


@dataclass(frozen=True, slots=True)
class Entry:
    """What comes with a deal into a stage.

    `values` are the deal's columns as they will be after the move, for the stage's required fields;
    `probability` is the one that somebody sets with the move; `record` is how deals of the stage have ended
    so far, for AUTOMATIC. `today` is the business date, where the tenant is.
    """

    now: datetime
    today: date
    values: Mapping[str, object] = field(default_factory=dict)
    probability: int | None = None
    record: StageRecord = StageRecord()


@dataclass(frozen=True, slots=True)
class StageMove:
    """What a move writes: on the deal, and as DealStageChange. A new deal comes from no stage."""

    from_stage_id: UUID | None
    to_stage_id: UUID
    from_probability: int | None
    to_probability: int
    time_in_stage_seconds: int | None
    status: DealStatus
    stage_entered_at: datetime
    closed_at: datetime | None
    actual_close_on: date | None
    is_reopened: bool = False


def place(pipeline: Pipeline, stage_id: UUID | None, entry: Entry) -> StageMove:
    """Put a new deal into a stage: its pipeline's first open one unless another is asked for.

    Where the order is enforced, only the first open one will do.
    """
    first = first_stage(pipeline)
    wanted = first if stage_id is None else pipeline.stage(stage_id)
    allowed = [first] if pipeline.is_stage_order_enforced else pipeline.active_stages()
    _check_allowed("NEW", wanted, allowed)
    return _enter(pipeline, None, wanted, entry)


def first_stage(pipeline: Pipeline) -> Stage:
    """Where new deals start: the first open stage. Raises Invalid when there is none."""
    for stage in pipeline.active_stages():
        if stage.stage_type is PipelineStageType.OPEN:
            return stage
    raise Invalid(("pipeline_id",), "has no open stage that is active", "NOT_ALLOWED")


def move(placement: Placement, pipeline: Pipeline, stage_id: UUID, entry: Entry) -> StageMove:
    """Move a deal to another stage of its pipeline.

    A closed stage closes the deal, WON or LOST by its kind; an open one reopens a closed deal. An archived
    deal does not move. What the order of stages allows: see `allowed_stages`. Raises IllegalTransition with
    the names of the allowed stages, Invalid with each required field that is not filled.
    """
    current, wanted = pipeline.stage(placement.stage_id), pipeline.stage(stage_id)
    if placement.status is DealStatus.ARCHIVED:
        raise IllegalTransition(DealStatus.ARCHIVED, wanted.name, ())
    _check_allowed(current.name, wanted, allowed_stages(placement, pipeline))
    return _enter(pipeline, placement, wanted, entry)


def allowed_stages(placement: Placement, pipeline: Pipeline) -> list[Stage]:
    """Where the deal may go from where it is, in the order of the stages.

    Anywhere else, unless the pipeline enforces its order. Then an open deal goes one open stage on, or from
    the last one to a won stage; back to any earlier open stage; and to a lost stage from everywhere. A
    closed deal goes back to the open stage that it was closed from or an earlier one, to the first where
    that is not known.
    """
    current = pipeline.stage(placement.stage_id)
    others = [stage for stage in pipeline.active_stages() if stage.id != current.id]
    if not pipeline.is_stage_order_enforced:
        return others
    open_stages = [stage for stage in others if stage.stage_type is PipelineStageType.OPEN]
    if current.stage_type is not PipelineStageType.OPEN:
        if placement.closed_from_stage_id is None:
            return open_stages[:1]
        reached = pipeline.stage(placement.closed_from_stage_id).position
        return [stage for stage in open_stages if stage.position <= reached] or open_stages[:1]
    following = next((stage for stage in open_stages if stage.position > current.position), None)
    return [
        stage
        for stage in others
        if stage is following
        or stage.stage_type is PipelineStageType.CLOSED_LOST
        or (stage.stage_type is PipelineStageType.OPEN and stage.position < current.position)
        or (stage.stage_type is PipelineStageType.CLOSED_WON and following is None)
    ]


def check_probability(calculation: ProbabilityCalculation, status: DealStatus, probability: int | None) -> None:
    """Refuse a probability (in percent) that is set by hand where it is not, or is out of range."""
    if probability is None:
        return
    path = ("probability",)
    if status is not DealStatus.OPEN:
        raise Invalid(path, f"is not set by hand on a deal that is {status}", "NOT_ALLOWED")
    if calculation is not ProbabilityCalculation.MANUAL:
        raise Invalid(path, f"is not set by hand: the pipeline calculates it, {calculation}", "NOT_ALLOWED")
    if not 0 <= probability <= 100:
        raise Invalid(path, "must lie between 0 and 100", "OUT_OF_RANGE")


def _check_allowed(current: str, wanted: Stage, allowed: Sequence[Stage]) -> None:
    if all(stage.id != wanted.id for stage in allowed):
        raise IllegalTransition(current, wanted.name, (stage.name for stage in allowed))


def _enter(pipeline: Pipeline, placement: Placement | None, stage: Stage, entry: Entry) -> StageMove:
    status = _STATUS[stage.stage_type]
    findings = Findings()
    for name in stage.required_fields:
        if not _is_filled(entry.values.get(name)):
            findings.add((name,), f"must be filled before the deal enters {stage.name}", "REQUIRED")
    findings.of(check_probability, pipeline.probability_calculation, status, entry.probability)
    findings.refuse()
    was_closed = placement is not None and placement.status is not DealStatus.OPEN
    kept = None if placement is None or was_closed else placement.probability
    is_closing = status is not DealStatus.OPEN
    spent = (entry.now - placement.stage_entered_at).total_seconds() if placement else 0.0
    return StageMove(
        from_stage_id=placement.stage_id if placement else None,
        to_stage_id=stage.id,
        from_probability=placement.probability if placement else None,
        to_probability=_probability(pipeline.probability_calculation, stage, kept, entry),
        time_in_stage_seconds=max(int(spent), 0) if placement else None,
        status=status,
        stage_entered_at=entry.now,
        closed_at=entry.now if is_closing else None,
        actual_close_on=entry.today if is_closing else None,
        is_reopened=was_closed and not is_closing,
    )


def _probability(calculation: ProbabilityCalculation, stage: Stage, kept: int | None, entry: Entry) -> int:
    """In percent: 100 when won, 0 when lost; in an open stage as the pipeline calculates it.

    MANUAL: the one set with the move, else the deal's as it was, else (a new or reopened deal) the stage's
    default. AUTOMATIC: the share of won ones among the stage's ended deals, the stage's default while those
    are few.
    """
    status = _STATUS[stage.stage_type]
    if status is not DealStatus.OPEN:
        return _PROBABILITY_AT_END[status]
    if calculation is ProbabilityCalculation.MANUAL:
        choices = (entry.probability, kept, stage.default_probability)
        return next(choice for choice in choices if choice is not None)
    ended = entry.record.won + entry.record.lost
    if calculation is ProbabilityCalculation.STAGE_BASED or ended < FEWEST_ENDED_DEALS:
        return stage.default_probability
    return int((Decimal(100 * entry.record.won) / ended).quantize(Decimal(1), rounding=ROUND_HALF_UP))


def _is_filled(value: object) -> bool:
    """Whether a required field has something in it: 0 and False count, blank text and empty lists do not."""
    if isinstance(value, str):
        return bool(value.strip())
    if isinstance(value, (list, tuple, dict)):
        return bool(value)
    return value is not None
