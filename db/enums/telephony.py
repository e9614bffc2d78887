"""Enumerations of telephone numbers."""

from db.enums import Choice


class PhoneNumberStatus(Choice):
    """Whether a telephone number can be called and called from."""

    PENDING = "PENDING", "The number is ordered."
    ACTIVE = "ACTIVE", "The number is in use."
    INACTIVE = "INACTIVE", "The number is held, and not in use."
    SUSPENDED = "SUSPENDED", "The provider or an administrator has barred the number."
    PORTING = "PORTING", "The number is moving here from another provider."
    FAILED = "FAILED", "The number could not be had."


class PhoneNumberAcquisition(Choice):
    """How the tenant came by a telephone number."""

    MANAGED = "MANAGED", "The platform bought and manages it."
    SIP_TRUNK = "SIP_TRUNK", "It arrives over the tenant's own SIP trunk."
    TWILIO = "TWILIO", "It belongs to the tenant's own Twilio account."
    PORTED = "PORTED", "It was moved here from another provider."


class PhoneNumberCapability(Choice):
    """What a telephone number can carry."""

    VOICE = "VOICE", "Calls."
    SMS = "SMS", "Text messages."
    FAX = "FAX", "Faxes."
    MMS = "MMS", "Messages with pictures."


class TelephonyHealth(Choice):
    """How a telephone line fared at its last check."""

    HEALTHY = "HEALTHY", "It works."
    DEGRADED = "DEGRADED", "It works badly."
    UNHEALTHY = "UNHEALTHY", "It does not work."
    UNKNOWN = "UNKNOWN", "It has not been checked."
