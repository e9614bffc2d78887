"""Enumerations of the event log."""

from db.enums import Choice


class EventType(Choice):
    """What happened to an object, as the event log names it."""

    CALL_CREATED = "CALL_CREATED", "A call was reported or placed for the first time."
    CALL_STATUS_CHANGED = "CALL_STATUS_CHANGED", "A call went on to another status."
    CALL_UPDATED = "CALL_UPDATED", "Something else about a call changed, such as a timestamp or its contact."
    CALLBACK_CREATED = "CALLBACK_CREATED", "A callback was promised."
    CALLBACK_STATUS_CHANGED = "CALLBACK_STATUS_CHANGED", "A callback went on to another status."
    CALLBACK_UPDATED = "CALLBACK_UPDATED", "Something else about a callback changed, such as its assignee."
    CONTACT_CREATED = "CONTACT_CREATED", "A contact was created."
    CONTACT_UPDATED = "CONTACT_UPDATED", "A contact was changed."
    DEAL_CREATED = "DEAL_CREATED", "A deal was created."
    DEAL_STAGE_CHANGED = "DEAL_STAGE_CHANGED", "A deal was moved to another stage."
    DEAL_UPDATED = "DEAL_UPDATED", "A deal was changed within its stage."
    POLICYHOLDER_CREATED = "POLICYHOLDER_CREATED", "A contact got an insurance profile."
    POLICY_CREATED = "POLICY_CREATED", "A policy was created."
    POLICY_STATUS_CHANGED = "POLICY_STATUS_CHANGED", "A policy went on to another status."
    SIGNED_IN = "SIGNED_IN", "A user signed in: a session began."
    SESSION_REFRESHED = "SESSION_REFRESHED", "A session got a new refresh token for a spent one."
    SESSION_REVOKED = "SESSION_REVOKED", "An administrator, or a spent refresh token that came again, ended a session."
    SIGNED_OUT = "SIGNED_OUT", "A user signed out: the session ended."
    API_KEY_CREATED = "API_KEY_CREATED", "An API key was issued."
    API_KEY_REVOKED = "API_KEY_REVOKED", "An API key was revoked."
    INTEGRATION_CREATED = "INTEGRATION_CREATED", "An integration was set up."
    INTEGRATION_ROTATED = "INTEGRATION_ROTATED", "An integration got a new secret or address."
    WEBHOOK_ENDPOINT_CREATED = "WEBHOOK_ENDPOINT_CREATED", "A webhook endpoint was set up."
    WEBHOOK_ENDPOINT_UPDATED = (
        "WEBHOOK_ENDPOINT_UPDATED",
        "A webhook endpoint was changed, stopped after repeated failures, or went on.",
    )
    WEBHOOK_ENDPOINT_ROTATED = "WEBHOOK_ENDPOINT_ROTATED", "A webhook endpoint got a new secret."
    WEBHOOK_ENDPOINT_DELETED = "WEBHOOK_ENDPOINT_DELETED", "A webhook endpoint was deleted."
    WEBHOOK_REDELIVERY_REQUESTED = (
        "WEBHOOK_REDELIVERY_REQUESTED",
        "Events are to be sent to a webhook endpoint once more, or something to test it.",
    )


class ActorKind(Choice):
    """Who acted."""

    USER = "USER", "A person, signed in."
    API_KEY = "API_KEY", "A program with an API key."
    INTEGRATION = "INTEGRATION", "An outside system that reports to this server."
    SYSTEM = "SYSTEM", "The server itself, such as its clock."
