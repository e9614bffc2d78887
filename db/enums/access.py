"""Enumerations of logins, users, roles, teams and credentials."""

from db.enums import Choice


class LoginStatus(Choice):
    """Whether a login may sign in at all, in any tenant."""

    ACTIVE = "ACTIVE", "May sign in, unless locked after failed attempts."
    DISABLED = "DISABLED", "May not sign in."


class UserStatus(Choice):
    """Whether a user may act in the tenant."""

    PENDING_VERIFICATION = "PENDING_VERIFICATION", "Invited; the e-mail address is not confirmed yet."
    ACTIVE = "ACTIVE", "May act."
    INACTIVE = "INACTIVE", "May not act for now, such as on a long leave."
    SUSPENDED = "SUSPENDED", "Shut out by an administrator."
    DEACTIVATED = "DEACTIVATED", "Has left."
    ARCHIVED = "ARCHIVED", "Has left, and is hidden from lists."


class TimeFormat(Choice):
    """How a user reads the time of day."""

    HOURS_12 = "HOURS_12", "With AM and PM."
    HOURS_24 = "HOURS_24", "From 0 to 24 hours."


class InterfaceTheme(Choice):
    """The colours in which a user sees the application."""

    LIGHT = "LIGHT", "Dark letters on a light ground."
    DARK = "DARK", "Light letters on a dark ground."
    SYSTEM = "SYSTEM", "As the user's device has it."


class RoleScope(Choice):
    """How far the permissions of a role reach."""

    ORGANIZATION = "ORGANIZATION", "To all tenants of the organization."
    TENANT = "TENANT", "To one tenant."


class TeamType(Choice):
    """What holds a team together."""

    FUNCTIONAL = "FUNCTIONAL", "One function, such as sales."
    PROJECT = "PROJECT", "One project."
    CROSS_FUNCTIONAL = "CROSS_FUNCTIONAL", "One aim across several functions."
    TEMPORARY = "TEMPORARY", "One task, for a limited time."


class TeamMemberRole(Choice):
    """What a user is in a team."""

    MEMBER = "MEMBER", "A member."
    LEAD = "LEAD", "Leads the work of the team."
    ADMIN = "ADMIN", "Decides who belongs to the team."


class SessionRevocationReason(Choice):
    """Why a session ended before it expired."""

    SIGNED_OUT = "SIGNED_OUT", "The user signed out."
    TOKEN_REUSED = "TOKEN_REUSED", "A refresh token came that was spent already, so it may have been stolen."
    PASSWORD_CHANGED = "PASSWORD_CHANGED", "The login got a new password."
    USER_DEACTIVATED = "USER_DEACTIVATED", "The user or the login may no longer enter."
    ADMINISTRATOR = "ADMINISTRATOR", "An administrator ended it."
