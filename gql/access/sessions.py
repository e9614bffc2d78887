"""Signing in, refreshing the tokens, signing out."""

from datetime import datetime
from typing import Any

import strawberry

from gql.core.fields import SIGNED_IN
from gql.core.mutations import (
    MutationPayload,
    entrance,
    given,
    idempotency_key,
    mutation,
    payload_type,
    required,
    shown_once,
)
from resolvers import access as actions


def _access_token() -> Any:
    return shown_once(
        "access_token", "The access token, to be sent as `Authorization: Bearer`: a JWT, valid for 15 minutes."
    )


def _access_token_expires_at() -> Any:
    return shown_once("access_token_expires_at", "When the access token expires.")


def _refresh_token() -> Any:
    return shown_once("refresh_token", "The refresh token: `tokenRefresh` takes it, once.")


def _session_expires_at() -> Any:
    return shown_once("session_expires_at", "When the session ends, however often it is refreshed.")


@strawberry.input(description="Who signs in.")
class SignInInput:
    email: str = required("The login's e-mail address.")
    password: str = required("The password.")
    tenant_slug: str | None = given("The short name of the tenant, where the login may enter several.")
    idempotency_key: str | None = given(
        "Makes a retry safe: for 24 hours the same key begins no second session. The tokens are not shown"
        " again: sign in under another key to get new ones. At most 200 characters."
    )


@strawberry.input(description="A refresh token to spend.")
class TokenRefreshInput:
    refresh_token: str = required("The refresh token.")
    idempotency_key: str | None = given(
        "Makes a retry safe: within 30 seconds the same token with the same key gets the same successor."
        " Without it, or later, a token that comes twice ends the session. At most 200 characters."
    )


@strawberry.input(description="The session that ends is the one that asks.")
class SignOutInput:
    idempotency_key: str | None = idempotency_key()


@payload_type("What `signIn` answers.")
class SignInPayload(MutationPayload):
    access_token: str | None = _access_token()
    access_token_expires_at: datetime | None = _access_token_expires_at()
    refresh_token: str | None = _refresh_token()
    session_expires_at: datetime | None = _session_expires_at()


@payload_type("What `tokenRefresh` answers.")
class TokenRefreshPayload(MutationPayload):
    access_token: str | None = _access_token()
    access_token_expires_at: datetime | None = _access_token_expires_at()
    refresh_token: str | None = _refresh_token()
    session_expires_at: datetime | None = _session_expires_at()


@payload_type("What `signOut` answers.")
class SignOutPayload(MutationPayload):
    pass


@strawberry.type
class SessionMutations:
    sign_in: SignInPayload = entrance(
        actions.sign_in,
        SignInInput,
        "Begin a session by e-mail address and password. Public. After five wrong passwords in a row the login"
        " is locked for 15 minutes.",
    )
    token_refresh: TokenRefreshPayload = entrance(
        actions.refresh_session,
        TokenRefreshInput,
        "Get new tokens for a refresh token. Public: leave the expired access token out of the request. A refresh"
        " token that was spent before ends its session.",
    )
    sign_out: SignOutPayload = mutation(
        actions.sign_out,
        SignOutInput,
        "End the viewer's session: its tokens stop working within 5 seconds.",
        permission=SIGNED_IN,
    )
