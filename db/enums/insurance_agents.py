"""Enumerations of insurance providers and of the people who sell for them."""

from db.enums import Choice


class InsuranceProviderType(Choice):
    """The line of business of an insurance company."""

    LIFE_INSURANCE = "LIFE_INSURANCE", "It insures lives."
    HEALTH_INSURANCE = "HEALTH_INSURANCE", "It insures health."
    GENERAL_INSURANCE = "GENERAL_INSURANCE", "It insures property, vehicles, travel and liability."


class InsuranceProviderStatus(Choice):
    """Whether policies of an insurance company can be sold now."""

    ACTIVE = "ACTIVE", "Its policies are sold and served."
    INACTIVE = "INACTIVE", "It is no longer worked with."
    SUSPENDED = "SUSPENDED", "Selling is stopped for the time being."
    UNDER_MAINTENANCE = "UNDER_MAINTENANCE", "Its systems are down for maintenance."


class InsuranceProviderIntegrationStatus(Choice):
    """How far the connection to an insurance company's systems has come."""

    PENDING = "PENDING", "The connection has not been set up."
    TESTING = "TESTING", "The connection is being tried out."
    ACTIVE = "ACTIVE", "The connection is in use."


class InsuranceAgentStatus(Choice):
    """Whether an insurance agent may sell."""

    ACTIVE = "ACTIVE", "The agent sells and serves customers."
    INACTIVE = "INACTIVE", "The agent has stopped selling."
    SUSPENDED = "SUSPENDED", "The agent is barred for the time being."
    PENDING_APPROVAL = "PENDING_APPROVAL", "The agent waits for approval."
    REJECTED = "REJECTED", "The agent was not approved."


class InsuranceAgentVerificationStatus(Choice):
    """Whether somebody has checked an insurance agent's licence."""

    PENDING = "PENDING", "Nobody has checked the licence yet."
    VERIFIED = "VERIFIED", "The licence was checked and is valid."
    REJECTED = "REJECTED", "The licence was checked and is not valid."
