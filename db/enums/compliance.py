"""Enumerations of the audit log."""

from db.enums import Choice


class AuditCategory(Choice):
    """What an audited action touches."""

    AUTHENTICATION = "AUTHENTICATION", "Signing in and out."
    AUTHORIZATION = "AUTHORIZATION", "Who may do what."
    DATA_ACCESS = "DATA_ACCESS", "Business data, read or changed."
    DATA_PRIVACY = "DATA_PRIVACY", "The rights of persons over their data."
    CONFIGURATION = "CONFIGURATION", "How the tenant is set up."
    BILLING = "BILLING", "What the tenant pays."
    SECURITY = "SECURITY", "Keys, secrets and defences."


class AuditOutcome(Choice):
    """How an audited action ended."""

    SUCCESS = "SUCCESS", "It was done."
    FAILURE = "FAILURE", "It was refused."
    ERROR = "ERROR", "It was begun and broke off."
