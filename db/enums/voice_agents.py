"""Enumerations of the AI agents that speak on calls."""

from db.enums import Choice


class VoiceAgentStatus(Choice):
    """Whether a voice agent takes calls."""

    DRAFT = "DRAFT", "The voice agent is being written."
    ACTIVE = "ACTIVE", "The voice agent takes calls."
    INACTIVE = "INACTIVE", "The voice agent takes no calls for the time being."
    ARCHIVED = "ARCHIVED", "The voice agent is kept for the record only."


class VoiceAgentVersionStatus(Choice):
    """How far a version of a voice agent has come."""

    DRAFT = "DRAFT", "The version can be changed."
    TESTING = "TESTING", "The version is being tried out."
    PUBLISHED = "PUBLISHED", "The version is the one that takes calls; it can no longer be changed."
    ARCHIVED = "ARCHIVED", "The version was replaced."


class VoiceAgentLatencyLevel(Choice):
    """What a voice agent gives up for a quick answer."""

    ULTRA_LOW = "ULTRA_LOW", "The quickest answer, whatever its quality."
    LOW = "LOW", "A quick answer."
    BALANCED = "BALANCED", "Speed and quality alike."
    QUALITY = "QUALITY", "The best answer, even when it takes longer."


class VoiceAgentPhoneIntegration(Choice):
    """By which way calls reach a voice agent."""

    MANAGED = "MANAGED", "By numbers that the platform manages."
    SIP_TRUNK = "SIP_TRUNK", "By the customer's own SIP trunk."
    TWILIO = "TWILIO", "By the customer's own Twilio account."
