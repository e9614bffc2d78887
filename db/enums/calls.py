"""Enumerations of telephone calls."""

from db.enums import Choice


class CallDirection(Choice):
    """Who placed a call."""

    INBOUND = "INBOUND", "Somebody called the tenant."
    OUTBOUND = "OUTBOUND", "The tenant called somebody."


class CallStatus(Choice):
    """Where a call stands; the last five states are final."""

    INITIATED = "INITIATED", "The call was placed."
    RINGING = "RINGING", "The other side is ringing."
    ANSWERED = "ANSWERED", "Somebody answered, and the call goes on."
    COMPLETED = "COMPLETED", "The call was answered and has ended."
    BUSY = "BUSY", "The other side was busy."
    NO_ANSWER = "NO_ANSWER", "Nobody answered."
    FAILED = "FAILED", "The call could not be put through."
    CANCELLED = "CANCELLED", "The caller hung up before anybody answered."


class CallAnsweredBy(Choice):
    """Who or what picked up, as far as the provider can tell."""

    HUMAN = "HUMAN", "A person."
    MACHINE = "MACHINE", "An answering machine or mailbox."
    FAX = "FAX", "A fax machine."
    UNKNOWN = "UNKNOWN", "The provider listened and could not tell."


class TranscriptSpeaker(Choice):
    """Who said a turn of a transcript."""

    VOICE_AGENT = "VOICE_AGENT", "The AI agent."
    CONTACT = "CONTACT", "The person on the other side."
    USER = "USER", "A person of the tenant who took the call over."
    OTHER = "OTHER", "Somebody else, or nobody knows who."
