"""Enumerations of the connections to outside systems."""

from db.enums import Choice


class IntegrationKind(Choice):
    """What an integration connects the tenant to."""

    TELEPHONY = "TELEPHONY", "A company that carries telephone calls."
    SMS = "SMS", "A company that carries text messages."
    WHATSAPP = "WHATSAPP", "A WhatsApp business account."
    INSTAGRAM = "INSTAGRAM", "An Instagram account."
    FACEBOOK = "FACEBOOK", "A Facebook page."
    EMAIL = "EMAIL", "An e-mail account."
    STRIPE = "STRIPE", "A Stripe account for payments."
    INSURANCE_PROVIDER = "INSURANCE_PROVIDER", "The systems of an insurance company."
    WEBHOOK = "WEBHOOK", "Any other system that reports by webhook."


class IntegrationStatus(Choice):
    """Whether an integration works."""

    ACTIVE = "ACTIVE", "It works."
    EXPIRED = "EXPIRED", "Its access ran out and must be granted again."
    REVOKED = "REVOKED", "Its access was withdrawn; nothing is accepted from it or sent to it."
    ERROR = "ERROR", "It fails."
