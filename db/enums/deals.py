"""Enumerations of deals and their pipelines."""

from db.enums import Choice


class DealStatus(Choice):
    """How a deal stands."""

    OPEN = "OPEN", "Still to be decided."
    WON = "WON", "The customer has bought."
    LOST = "LOST", "The customer has not bought."
    ARCHIVED = "ARCHIVED", "Put away, and kept for the record."


class DealPriority(Choice):
    """How urgently a deal is to be worked on."""

    LOW = "LOW", "After others."
    MEDIUM = "MEDIUM", "In its turn."
    HIGH = "HIGH", "Before others."
    URGENT = "URGENT", "Before all others."


class DealType(Choice):
    """What kind of business a deal brings."""

    NEW_BUSINESS = "NEW_BUSINESS", "A first purchase."
    EXISTING_BUSINESS = "EXISTING_BUSINESS", "A further purchase of a customer."
    RENEWAL = "RENEWAL", "Something the customer has, for another term."
    UPSELL = "UPSELL", "More of something the customer has."
    CROSS_SELL = "CROSS_SELL", "Something else that goes with what the customer has."


class PipelineType(Choice):
    """What a pipeline is for."""

    SALES = "SALES", "Sales."
    MARKETING = "MARKETING", "Marketing."
    SUPPORT = "SUPPORT", "Support of customers."
    CUSTOM = "CUSTOM", "Something of the tenant's own."


class ProbabilityCalculation(Choice):
    """How the probability of a deal is set when it moves to a stage."""

    MANUAL = "MANUAL", "People set it; a move leaves it as it is."
    AUTOMATIC = "AUTOMATIC", "The server calculates it from how deals of the stage have ended so far."
    STAGE_BASED = "STAGE_BASED", "It becomes the default probability of the stage."


class PipelineStageType(Choice):
    """What it means for a deal to be in a stage."""

    OPEN = "OPEN", "The deal is still to be decided."
    CLOSED_WON = "CLOSED_WON", "The deal is won."
    CLOSED_LOST = "CLOSED_LOST", "The deal is lost."
