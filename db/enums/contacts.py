"""Enumerations of contacts and accounts."""

from db.enums import Choice


class ContactStatus(Choice):
    """Whether a tenant still deals with a person."""

    ACTIVE = "ACTIVE", "The tenant deals with this person."
    INACTIVE = "INACTIVE", "The tenant has had nothing to do with this person for some time."
    SUSPENDED = "SUSPENDED", "The tenant deals with this person no further until something is settled."
    ARCHIVED = "ARCHIVED", "Kept for the record, and hidden from lists."


class ContactMethod(Choice):
    """The way in which a person wants to be reached."""

    EMAIL = "EMAIL", "By e-mail."
    PHONE = "PHONE", "By telephone."
    SMS = "SMS", "By text message."
    WHATSAPP = "WHATSAPP", "By WhatsApp."
    POST = "POST", "By letter."


class RiskProfile(Choice):
    """How much risk a customer means for the insurer."""

    LOW = "LOW", "Little risk."
    MEDIUM = "MEDIUM", "Some risk."
    HIGH = "HIGH", "High risk."


class CustomerValue(Choice):
    """How much a customer is worth to the tenant."""

    BRONZE = "BRONZE", "The usual customer."
    SILVER = "SILVER", "A good customer."
    GOLD = "GOLD", "A very good customer."
    PLATINUM = "PLATINUM", "One of the best customers."


class AccountType(Choice):
    """What a company is to the tenant."""

    PROSPECT = "PROSPECT", "May become a customer."
    CUSTOMER = "CUSTOMER", "Buys from the tenant."
    PARTNER = "PARTNER", "Works together with the tenant."
    VENDOR = "VENDOR", "Sells to the tenant."
    COMPETITOR = "COMPETITOR", "Sells the same as the tenant."
    FORMER_CUSTOMER = "FORMER_CUSTOMER", "Used to buy from the tenant."


class AccountStatus(Choice):
    """Whether a tenant still deals with a company."""

    ACTIVE = "ACTIVE", "The tenant deals with this company."
    INACTIVE = "INACTIVE", "The tenant has had nothing to do with this company for some time."
    ARCHIVED = "ARCHIVED", "Kept for the record, and hidden from lists."


class AccountPriority(Choice):
    """How much attention a company gets."""

    LOW = "LOW", "Less than others."
    MEDIUM = "MEDIUM", "As much as most."
    HIGH = "HIGH", "More than others."
    CRITICAL = "CRITICAL", "More than all others."
