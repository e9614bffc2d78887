"""Enumerations of organizations and tenants."""

from db.enums import Choice


class OrganizationStatus(Choice):
    """Whether an organization may use the service."""

    PENDING = "PENDING", "Signed up, not admitted yet."
    ACTIVE = "ACTIVE", "In use."
    INACTIVE = "INACTIVE", "Closed by the organization itself."
    SUSPENDED = "SUSPENDED", "Closed by the operator of the service."


class OrganizationComplianceStatus(Choice):
    """Result of checking that an organization is the business it says it is."""

    PENDING = "PENDING", "Not checked yet."
    VERIFIED = "VERIFIED", "Checked and found right."
    REJECTED = "REJECTED", "Checked and refused."
    EXPIRED = "EXPIRED", "Verified once, due to be checked again."


class TenantStatus(Choice):
    """Whether a tenant may be entered."""

    TRIAL = "TRIAL", "In use, on trial until `trialEndsAt`."
    ACTIVE = "ACTIVE", "In use."
    INACTIVE = "INACTIVE", "Closed by the organization itself."
    SUSPENDED = "SUSPENDED", "Closed by the operator of the service."


class TenantType(Choice):
    """What kind of business a tenant carries on."""

    INSURANCE_PROVIDER = "INSURANCE_PROVIDER", "An insurance company."
    INDEPENDENT_AGENT = "INDEPENDENT_AGENT", "A single insurance agent."
    AGENT_NETWORK = "AGENT_NETWORK", "Several insurance agents under one roof."
    BUSINESS = "BUSINESS", "Any other business."


class PlanTier(Choice):
    """The plan that a tenant has bought; the limits that go with it stand on the tenant."""

    TRIAL = "TRIAL", "No plan bought yet."
    STARTER = "STARTER", "The smallest plan."
    BASIC = "BASIC", "A small plan."
    STANDARD = "STANDARD", "The usual plan."
    GROWTH = "GROWTH", "A plan for a business that grows."
    PROFESSIONAL = "PROFESSIONAL", "A plan for a business with several teams."
    PREMIUM = "PREMIUM", "A large plan."
    SCALE = "SCALE", "A plan for high volumes."
    ENTERPRISE = "ENTERPRISE", "The largest plan."
    CUSTOM = "CUSTOM", "A plan agreed on with this tenant alone."


class PlanSubscriptionStatus(Choice):
    """How a tenant stands with paying for its plan."""

    TRIAL = "TRIAL", "Nothing is due yet."
    ACTIVE = "ACTIVE", "Paid."
    PAST_DUE = "PAST_DUE", "A payment is late."
    SUSPENDED = "SUSPENDED", "Interrupted because of late payments."
    CANCELLED = "CANCELLED", "Cancelled, and running until its end."
    EXPIRED = "EXPIRED", "Over."


class BillingCycle(Choice):
    """How often a plan is paid for."""

    MONTHLY = "MONTHLY", "Every month."
    YEARLY = "YEARLY", "Every year."


class CompanySize(Choice):
    """How large a business is, by its own account."""

    STARTUP = "STARTUP", "Just founded."
    SMALL = "SMALL", "A small business."
    MEDIUM = "MEDIUM", "A business of medium size."
    LARGE = "LARGE", "A large business."
    ENTERPRISE = "ENTERPRISE", "A group of companies."
