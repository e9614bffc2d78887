"""What happens to identities: people are made, sign in and out, and issue and revoke API keys."""

from resolvers.access.api_keys import create_api_key, revoke_api_key
from resolvers.access.passwords import Passwords, passwords
from resolvers.access.people import (
    assign_roles,
    create_login_and_user,
    ensure_system_roles,
    issue_access_token,
    set_password,
)
from resolvers.access.sessions import refresh_session, sign_in, sign_out

__all__ = [
    "Passwords",
    "assign_roles",
    "create_api_key",
    "create_login_and_user",
    "ensure_system_roles",
    "issue_access_token",
    "passwords",
    "refresh_session",
    "revoke_api_key",
    "set_password",
    "sign_in",
    "sign_out",
]
