"""Enumerations of promised callbacks, their queues and their history."""

from db.enums import Choice


class CallbackStatus(Choice):
    """Where a promised callback stands; COMPLETED and CANCELLED are final, all others are open."""

    PENDING = "PENDING", "Nobody has been assigned."
    ASSIGNED = "ASSIGNED", "An insurance agent is to call back."
    IN_PROGRESS = "IN_PROGRESS", "The insurance agent is working on it."
    COMPLETED = "COMPLETED", "The promise was kept."
    CANCELLED = "CANCELLED", "The callback is no longer wanted."
    OVERDUE = "OVERDUE", "The due time passed while the callback was open; it stays open."


class CallbackPriority(Choice):
    """How pressing a callback is, by its score."""

    HIGH = "HIGH", "A score of at least 85."
    MEDIUM = "MEDIUM", "A score of at least 70."
    LOW = "LOW", "A lower score."


class CallbackUrgency(Choice):
    """How urgent the person who asked says the matter is."""

    CRITICAL = "CRITICAL", "It cannot wait; 20 points of the score."
    HIGH = "HIGH", "It should not wait; 15 points of the score."
    MEDIUM = "MEDIUM", "It is of ordinary urgency; 10 points of the score."
    LOW = "LOW", "It can wait; no points of the score."


class CallbackRequestType(Choice):
    """What a callback is about."""

    POLICY_ISSUE = "POLICY_ISSUE", "A problem with a policy; weight 90."
    PAYMENT_PROBLEM = "PAYMENT_PROBLEM", "A problem with a payment; weight 85."
    CLAIM_ASSISTANCE = "CLAIM_ASSISTANCE", "Help with a claim; weight 80."
    GENERAL_INQUIRY = "GENERAL_INQUIRY", "A question; weight 60."
    FEEDBACK = "FEEDBACK", "Praise or blame; weight 40."
    SUGGESTION = "SUGGESTION", "A proposal; weight 30."
    OTHER = "OTHER", "Anything else; weight 50."


class CallbackCategory(Choice):
    """The field that a callback belongs to."""

    TECHNICAL = "TECHNICAL", "Technology."
    BILLING = "BILLING", "Bills and payments."
    POLICY = "POLICY", "Policies and cover."
    GENERAL = "GENERAL", "Everything else."


class CallbackSource(Choice):
    """Where a callback was asked for."""

    PORTAL = "PORTAL", "In the portal."
    WHATSAPP = "WHATSAPP", "On WhatsApp."
    MOBILE = "MOBILE", "In the mobile app."
    API = "API", "Through this API, by a program."
    CALL = "CALL", "On a telephone call."


class CallbackOutcome(Choice):
    """How a callback came to its end."""

    RESOLVED = "RESOLVED", "The matter is settled."
    ESCALATED = "ESCALATED", "The matter was handed to somebody with more authority."
    TRANSFERRED = "TRANSFERRED", "The matter was handed to another department."
    CANCELLED = "CANCELLED", "The matter was dropped."


class CallbackQueueType(Choice):
    """In which order a queue hands out its callbacks."""

    PRIORITY = "PRIORITY", "The highest score first."
    FIFO = "FIFO", "The oldest first."
    ROUND_ROBIN = "ROUND_ROBIN", "The oldest first, to each insurance agent in turn."


class CallbackSlaState(Choice):
    """How a callback stands against the time it was promised for, by the clock and not by any write."""

    ON_TRACK = "ON_TRACK", "Less than 80 % of the time has passed, or had passed at the callback's end."
    AT_RISK = "AT_RISK", "80 % of the time or more has passed."
    BREACHED = "BREACHED", "The due time has passed, or had passed when the callback came to its end."


class CallbackActivityType(Choice):
    """What happened to a callback."""

    CREATED = "CREATED", "The callback was promised."
    ASSIGNED = "ASSIGNED", "An insurance agent was assigned."
    REASSIGNED = "REASSIGNED", "Another insurance agent was assigned."
    UNASSIGNED = "UNASSIGNED", "The assignment was taken back."
    STARTED = "STARTED", "The insurance agent began to work on it."
    CALLED = "CALLED", "The customer was called, or reached for in another way."
    COMPLETED = "COMPLETED", "The promise was kept."
    CANCELLED = "CANCELLED", "The callback was called off."
    REOPENED = "REOPENED", "A finished callback was opened again."
    OVERDUE = "OVERDUE", "The due time passed."
    ESCALATED = "ESCALATED", "The callback was escalated."
    PRIORITY_CHANGED = "PRIORITY_CHANGED", "A person or a rule changed the priority."
    SCHEDULED = "SCHEDULED", "A time for the call was agreed on."
    SNOOZED = "SNOOZED", "The callback was put off."
    PAUSED = "PAUSED", "The clock was stopped."
    RESUMED = "RESUMED", "The clock runs again."
    RATED = "RATED", "The customer rated the callback."
    NOTE_ADDED = "NOTE_ADDED", "Somebody wrote a note."


class CallbackContactMethod(Choice):
    """By which way the customer was reached for."""

    PHONE = "PHONE", "By telephone."
    WHATSAPP = "WHATSAPP", "On WhatsApp."
    EMAIL = "EMAIL", "By e-mail."
    SMS = "SMS", "By text message."
    IN_PERSON = "IN_PERSON", "In person."


class CallbackContactOutcome(Choice):
    """What came of reaching for the customer."""

    SUCCESSFUL = "SUCCESSFUL", "The customer was reached."
    NO_ANSWER = "NO_ANSWER", "Nobody answered."
    BUSY = "BUSY", "The line was busy."
    WRONG_NUMBER = "WRONG_NUMBER", "The number belongs to somebody else."
    VOICEMAIL = "VOICEMAIL", "A message was left."
    OTHER = "OTHER", "Something else, given in words."
