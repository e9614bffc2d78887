"""Enumerations of policy types, policyholders and policies."""

from db.enums import Choice


class PolicyCategory(Choice):
    """What kind of risk a type of policy covers."""

    LIFE = "LIFE", "A person's life."
    HEALTH = "HEALTH", "A person's health."
    GENERAL = "GENERAL", "Property, travel, liability and whatever else has no category of its own."
    MOTOR = "MOTOR", "A vehicle."


class PolicyStatus(Choice):
    """Where a policy stands, from draft to its end."""

    DRAFT = "DRAFT", "The application is being written."
    PENDING_APPROVAL = "PENDING_APPROVAL", "The application was handed in and waits."
    UNDER_REVIEW = "UNDER_REVIEW", "The insurer is looking at the application."
    APPROVED = "APPROVED", "The insurer accepted the application; cover has not begun."
    ACTIVE = "ACTIVE", "The policy is in force."
    LAPSED = "LAPSED", "A premium stayed unpaid beyond the grace period; the policy can be revived."
    SURRENDERED = "SURRENDERED", "The policyholder gave the policy up for its surrender value."
    MATURED = "MATURED", "The policy ran to its end."
    CLAIMED = "CLAIMED", "The policy ended with a claim that was paid."
    CANCELLED = "CANCELLED", "The policy was cancelled, or never came into force."


class PolicyCancellationReason(Choice):
    """Why a policy was cancelled."""

    REJECTED = "REJECTED", "The insurer refused the application."
    WITHDRAWN = "WITHDRAWN", "The applicant withdrew the application."
    REQUESTED = "REQUESTED", "The policyholder asked for the cancellation of a policy in force."
    OTHER = "OTHER", "Another reason, given in words."


class PremiumFrequency(Choice):
    """How often a premium instalment falls due."""

    MONTHLY = "MONTHLY", "Every month."
    QUARTERLY = "QUARTERLY", "Every three months."
    HALF_YEARLY = "HALF_YEARLY", "Every six months."
    ANNUAL = "ANNUAL", "Every year."


class PremiumMode(Choice):
    """For how long premiums are paid."""

    REGULAR = "REGULAR", "For as long as the policy runs."
    SINGLE = "SINGLE", "Once, at the start; the frequency then has no effect."
    LIMITED_PAY = "LIMITED_PAY", "For fewer years than the policy runs."


class PolicyPaymentStatus(Choice):
    """Whether the premiums of a policy are paid."""

    PENDING = "PENDING", "The first premium has not been paid."
    REGULAR = "REGULAR", "All premiums due so far are paid."
    OVERDUE = "OVERDUE", "A premium is past its due date, within the grace period."
    LAPSED = "LAPSED", "A premium stayed unpaid beyond the grace period."


class PolicyholderMaritalStatus(Choice):
    """A policyholder's marital status."""

    SINGLE = "SINGLE", "Never married."
    MARRIED = "MARRIED", "Married."
    DIVORCED = "DIVORCED", "Divorced."
    WIDOWED = "WIDOWED", "Widowed."
    SEPARATED = "SEPARATED", "Married, living apart."


class PolicyholderContactTime(Choice):
    """The part of the day in which a policyholder prefers to be called."""

    MORNING = "MORNING", "In the morning."
    AFTERNOON = "AFTERNOON", "In the afternoon."
    EVENING = "EVENING", "In the evening."


class PolicyholderOnboardingStatus(Choice):
    """How far the collection of a policyholder's details has come."""

    PENDING = "PENDING", "Nothing has been collected."
    IN_PROGRESS = "IN_PROGRESS", "Some details are missing."
    COMPLETED = "COMPLETED", "All details are there."
