"""Enumerations of webhooks."""

from db.enums import Choice


class WebhookCircuit(Choice):
    """Whether deliveries to a webhook endpoint go out."""

    CLOSED = "CLOSED", "They go out; what fails is tried again soon."
    OPEN = "OPEN", "Several failed in a row: nothing goes out before the time of the next attempt."
    HALF_OPEN = "HALF_OPEN", "One is being tried: its success closes the circuit, its failure opens it again."


class WebhookDeliveryKind(Choice):
    """What is delivered to a webhook endpoint."""

    EVENT = "EVENT", "An event of the log."
    GAP = "GAP", "That events which the endpoint should have had are no longer kept."
    TEST = "TEST", "Nothing that happened: somebody tests the endpoint."


class WebhookDeliveryStatus(Choice):
    """How a delivery stands."""

    QUEUED = "QUEUED", "It waits for its first attempt."
    RETRYING = "RETRYING", "It failed, and will be tried again."
    DELIVERED = "DELIVERED", "The receiver has answered that it has it."
