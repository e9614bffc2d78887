"""Enumerations of activities."""

from db.enums import Choice


class ActivityType(Choice):
    """What kind of thing is to be done, or was."""

    CALL = "CALL", "A telephone call."
    EMAIL = "EMAIL", "An e-mail."
    MEETING = "MEETING", "A meeting."
    TASK = "TASK", "Something to do."
    NOTE = "NOTE", "Something to remember."
    DEMO = "DEMO", "A product is shown."
    PROPOSAL = "PROPOSAL", "An offer is made."
    FOLLOW_UP = "FOLLOW_UP", "Something done earlier is taken up again."
    OTHER = "OTHER", "Anything else."


class ActivityStatus(Choice):
    """How far an activity has come."""

    SCHEDULED = "SCHEDULED", "Planned, not begun."
    IN_PROGRESS = "IN_PROGRESS", "Begun, not ended."
    COMPLETED = "COMPLETED", "Done."
    CANCELLED = "CANCELLED", "Given up before it was done."
    NO_SHOW = "NO_SHOW", "The other side did not come."


class ActivityPriority(Choice):
    """How urgently an activity is to be done."""

    LOW = "LOW", "After others."
    MEDIUM = "MEDIUM", "In its turn."
    HIGH = "HIGH", "Before others."
    URGENT = "URGENT", "Before all others."
