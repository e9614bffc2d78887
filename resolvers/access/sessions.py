"""Sessions: they begin by a password, live by refresh tokens that work once, and end by signing out."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

import structlog
from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession
from uuid_utils.compat import uuid7

from db.access import Login, User, UserSession
from db.core.base import TenantRow
from db.core.keys import Signer
from db.enums.access import LoginStatus, SessionRevocationReason
from db.enums.compliance import AuditCategory
from db.enums.events import ActorKind, EventType
from db.organizations import Organization, Tenant
from resolvers.access import credentials
from resolvers.access.passwords import passwords
from resolvers.access.standing import SessionReads, may_user_act, open_organization
from resolvers.access.tokens import AccessToken, current_signer
from resolvers.core.context import Context
from resolvers.core.errors import InvalidCredentials, PermissionDenied, ValidationFailed
from resolvers.core.viewer import Viewer
from resolvers.core.writes import REFUSALS, Action, Outcome, Values, Write, perform, refused
from resolvers.rules import access as rules

TENANTS_TRIED: Final = 50  # in search of those that a login may enter, unless the client names one
WRONG: Final = (
    "The e-mail address or the password is wrong, or the login is locked: after five wrong passwords in a row"
    " for 15 minutes."
)
NOT_ACCEPTED: Final = "The refresh token is not accepted. Sign in again."

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Entry:
    """A user at the door of a tenant that they may enter."""

    login_id: UUID
    user_id: UUID
    tenant_id: UUID
    organization_id: UUID
    slug: str

    def viewer(self, credential_id: UUID) -> Viewer:
        """Who acts while entering; nothing is permitted yet."""
        return Viewer(
            kind=ActorKind.USER,
            actor_id=self.user_id,
            credential_id=credential_id,
            organization_id=self.organization_id,
            tenant_id=self.tenant_id,
            user_id=self.user_id,
            permissions=frozenset(),
        )


# ------------------------------------------------------------------------------------------------- signing in


async def sign_in(context: Context, values: Values, idempotency_key: str | None = None) -> Outcome:
    """Begin a session by `email`, `password` and, where the login has several tenants, `tenant_slug`.

    The outcome's secrets are access_token, access_token_expires_at, refresh_token and session_expires_at.
    Whatever is wrong with address, password or login has one answer, InvalidCredentials, after the same work.
    """
    try:
        login = await _login_by_password(context, rules.login_email(values["email"]), values["password"])
        entry = _choose(await entries(context, login, values.get("tenant_slug")))
    except REFUSALS as refusal:
        return refused(refusal)
    return await begin_session(
        context, "signIn", entry, "PASSWORD", verified_hash=login.password_hash, idempotency_key=idempotency_key
    )


async def _login_by_password(context: Context, email: str, password: str) -> Login:
    async with context.services.database.reference() as session:
        login = await session.scalar(select(Login).where(Login.email == email))
    stored = login.password_hash if login is not None and _is_open(login, context) else None
    is_right = await passwords.is_right(stored, password)
    if login is None or not is_right:
        await _count_failure(context, email)
        raise InvalidCredentials(WRONG)
    return login


def _is_open(login: Login, context: Context) -> bool:
    return login.status is LoginStatus.ACTIVE and not rules.is_locked(login.locked_until_at, context.now)


async def _count_failure(context: Context, email: str) -> None:
    """Count a wrong password on its login, in a transaction of its own: the refusal must not undo it."""
    async with context.services.database.reference() as session:
        login = await session.scalar(select(Login).where(Login.email == email).with_for_update(key_share=True))
        if login is None or not _is_open(login, context):
            return
        failed = rules.after_failed_sign_in(login.failed_attempts, context.now)
        login.failed_attempts = failed.failed_attempts
        login.locked_until_at = failed.locked_until_at
        login.updated_at = context.now
    if failed.locked_until_at is not None:
        log.warning("login_locked", login_id=str(login.id), attempts=failed.failed_attempts)


async def entries(context: Context, login: Login, slug: str | None) -> list[Entry]:
    """The tenants of the login's organization that it may enter now: all, or the one of that slug."""
    found = (
        select(Tenant.id, Tenant.slug, Tenant.status, Organization.status)
        .join(Organization, Organization.id == Tenant.organization_id)
        .where(Tenant.organization_id == login.organization_id)
        .order_by(Tenant.name, Tenant.id)
        .limit(TENANTS_TRIED + 1)
    )
    if slug is not None:
        if not slug.isprintable():  # PostgreSQL takes no zero bytes, asyncpg no halves of surrogate pairs
            return []
        found = found.where(Tenant.slug == slug)
    async with context.services.database.reference() as session:
        tenants = (await session.execute(found)).all()
    if len(tenants) > TENANTS_TRIED:
        raise ValidationFailed("Name the tenant: there are many.", ("input", "tenantSlug"))
    entered: list[Entry] = []
    for tenant_id, tenant_slug, tenant, organization in tenants:
        if not rules.is_tenant_open(organization, tenant):
            continue
        async with context.services.database.reads(tenant_id) as reads:
            users = await reads.rows(select(User.id, User.status).where(User.login_id == login.id))
        entered += [
            Entry(login.id, user_id, tenant_id, login.organization_id, tenant_slug)
            for user_id, user in users
            if rules.may_act(login.status, user)
        ]
    return entered


def _choose(found: list[Entry]) -> Entry:
    if not found:
        raise PermissionDenied("There is no such tenant that you may enter now.", ("input", "tenantSlug"))
    if len(found) > 1:
        slugs = ", ".join(entry.slug for entry in found)
        raise ValidationFailed(f"You may enter several tenants; name one: {slugs}.", ("input", "tenantSlug"))
    return found[0]


async def begin_session(
    context: Context,
    mutation: str,
    entry: Entry,
    method: str,
    *,
    verified_hash: str | None = None,
    lifetime: timedelta = rules.SESSION_LIFETIME,
    idempotency_key: str | None = None,
) -> Outcome:
    """A new session of a user who has shown who they are by `method`, with its first tokens.

    After a password it is refused when the login's is no longer the verified one, or the login was shut.
    """

    async def begin(write: Write, _: Values) -> Outcome:
        if verified_hash is not None:
            await _count_success(write, entry.login_id, verified_hash)
        token = credentials.new_refresh_token(entry.tenant_id, uuid7())
        session = write.add(
            UserSession(
                id=token.session_id,
                user_id=entry.user_id,
                family_hash=credentials.digest(token.family),
                secret_hash=credentials.digest(token.secret),
                rotation_count=0,
                expires_at=write.now + lifetime,
                last_active_at=write.now,
                ip_address=context.request.ip_address,
                user_agent=context.request.user_agent,
            )
        )
        seen = {"last_signed_in_at": write.now, "last_active_at": write.now}
        await _note_on_user(write.session, entry.user_id, seen)
        _record(write, EventType.SIGNED_IN, session, {"method": method})
        return Outcome(ids={"session": session.id}, secrets=_refresh_secrets(token, session))

    # Tenant and user scope the idempotency key: the session, every other mutation's scope, is only being made.
    viewer = entry.viewer(credential_id=entry.user_id)
    signer = await current_signer(context.services)
    values = {"method": method}
    outcome = await perform(context, mutation, begin, values, idempotency_key=idempotency_key, viewer=viewer)
    return _with_access_token(outcome, signer, viewer, context)


async def _count_success(write: Write, login_id: UUID, verified_hash: str) -> None:
    login = await write.session.scalar(select(Login).where(Login.id == login_id).with_for_update(key_share=True))
    if login is None or not _is_open(login, write.context) or login.password_hash != verified_hash:
        raise InvalidCredentials(WRONG)
    login.failed_attempts = 0
    login.locked_until_at = None
    login.sign_in_count += 1
    login.last_signed_in_at = login.updated_at = write.now


# ------------------------------------------------------------------------------------------------- refreshing


async def refresh_session(context: Context, values: Values, idempotency_key: str | None = None) -> Outcome:
    """New tokens for a refresh token, which is spent by it; the outcome's secrets are those of `sign_in`.

    A token that was spent before ends its session. Only a retry is answered: the latest spent token, under
    the same idempotency key, within 30 seconds gets the same successor again.
    """
    token = credentials.parse_refresh_token(values["refresh_token"])
    entry = await _entry_of(context, token) if token is not None else None
    if token is None or entry is None:
        return refused(InvalidCredentials(NOT_ACCEPTED, ("input", "refreshToken")))
    viewer = entry.viewer(credential_id=token.session_id)
    signer = await current_signer(context.services)
    action = _refreshing(token, idempotency_key)
    outcome = await perform(context, "tokenRefresh", action, {}, viewer=viewer)
    return _with_access_token(outcome, signer, viewer, context)


async def _entry_of(context: Context, token: credentials.RefreshToken) -> Entry | None:
    """Whose the token is, once its family's part is verified within the tenant that it names."""
    async with context.services.database.reads(token.tenant_id) as reads:
        found = await reads.rows(
            select(UserSession.family_hash, User.id, User.login_id, Tenant.organization_id, Tenant.slug)
            .join(User, User.id == UserSession.user_id)
            .join(Tenant, Tenant.id == User.tenant_id)
            .where(UserSession.id == token.session_id)
        )
    for family_hash, user_id, login_id, organization_id, slug in found:
        if credentials.is_same(family_hash, token.family):
            return Entry(login_id, user_id, token.tenant_id, organization_id, slug)
    return None


def _refreshing(token: credentials.RefreshToken, idempotency_key: str | None) -> Action:
    async def refresh(write: Write, _: Values) -> Outcome:
        session = await write.lock(UserSession, token.session_id)
        state = rules.RefreshState(
            secret_hash=session.secret_hash,
            previous_secret_hash=session.previous_secret_hash,
            rotated_at=session.rotated_at,
            rotation_idempotency_key=session.rotation_idempotency_key,
            expires_at=session.expires_at,
            revoked_at=session.revoked_at,
        )
        spent_hash = credentials.digest(token.secret)
        verdict = rules.judge_refresh(state, spent_hash, idempotency_key, write.now)
        if verdict is rules.Refresh.REUSED:
            return _end_family(write, session)
        if verdict is rules.Refresh.ENDED or not await _may_go_on(write, session.user_id):
            raise InvalidCredentials(NOT_ACCEPTED, ("input", "refreshToken"))
        if verdict is rules.Refresh.REPEAT and session.successor_salt is not None:
            successor = token.successor(session.successor_salt)
        else:
            successor = _rotate(write, session, token, idempotency_key)
            await _note_on_user(write.session, session.user_id, {"last_active_at": write.now})
        return Outcome(ids={"session": session.id}, secrets=_refresh_secrets(successor, session))

    return refresh


def _rotate(
    write: Write, session: UserSession, token: credentials.RefreshToken, key: str | None
) -> credentials.RefreshToken:
    salt = credentials.new_salt()
    successor = token.successor(salt)
    changes = {
        "secret_hash": credentials.digest(successor.secret),
        "previous_secret_hash": credentials.digest(token.secret),
        "successor_salt": salt if key is not None else None,  # without a key nobody may ask for it again
        "rotated_at": write.now,
        "rotation_count": session.rotation_count + 1,
        "rotation_idempotency_key": key,
        "last_active_at": write.now,
    }
    write.change(session, changes)
    _record(write, EventType.SESSION_REFRESHED, session)
    return successor


def _end_family(write: Write, session: UserSession) -> Outcome:
    """End the session and refuse: an outcome, not an exception, so that the end is committed."""
    reason = SessionRevocationReason.TOKEN_REUSED
    write.change(session, {"revoked_at": write.now, "revocation_reason": reason})
    _record(write, EventType.SESSION_REVOKED, session, {"reason": reason})
    log.warning("refresh_token_reused", session_id=str(session.id), user_id=str(session.user_id))
    return Outcome(errors=[InvalidCredentials(NOT_ACCEPTED, ("input", "refreshToken"))])


async def _may_go_on(write: Write, user_id: UUID) -> bool:
    reads = SessionReads(write.session)
    return await open_organization(reads, write.tenant_id) is not None and await may_user_act(reads, user_id)


# ------------------------------------------------------------------------------------------------ signing out


async def sign_out(write: Write, _: Values) -> Mapping[str, TenantRow]:
    """End the viewer's session: its tokens stop working within seconds. Raises PermissionDenied for programs."""
    if write.viewer.kind is not ActorKind.USER:
        raise PermissionDenied("Only a person's session ends by signing out; revoke an API key instead.")
    session = await write.lock(UserSession, write.viewer.credential_id, path=())
    reason = SessionRevocationReason.SIGNED_OUT
    if session.revoked_at is None:
        write.change(session, {"revoked_at": write.now, "revocation_reason": reason})
        _record(write, EventType.SIGNED_OUT, session)
    return {"session": session}


# ----------------------------------------------------------------------------------------------------- shared


def _record(write: Write, type: EventType, session: UserSession, payload: Mapping[str, Any] | None = None) -> None:
    about = {"user_id": session.user_id, **(payload or {})}
    write.record(type, session, about, category=AuditCategory.AUTHENTICATION)


async def _note_on_user(session: AsyncSession, user_id: UUID, values: Mapping[str, Any]) -> None:
    """Keep when a user was last there; that is no change of the user, so the version stays."""
    await session.execute(
        update(User).where(User.id == user_id).values(values).execution_options(synchronize_session=False)
    )


def _refresh_secrets(token: credentials.RefreshToken, session: UserSession) -> dict[str, Any]:
    return {"refresh_token": token.text, "session_expires_at": session.expires_at}


def _with_access_token(outcome: Outcome, signer: Signer, viewer: Viewer, context: Context) -> Outcome:
    """Add the access token to an outcome that has a refresh token; it never outlives the session."""
    if "refresh_token" in outcome.secrets:
        token = AccessToken(
            user_id=viewer.actor_id,
            tenant_id=viewer.tenant_id,
            organization_id=viewer.organization_id,
            session_id=outcome.ids["session"],
            issued_at=context.now,
            expires_at=min(context.now + rules.ACCESS_TOKEN_LIFETIME, outcome.secrets["session_expires_at"]),
        )
        outcome.secrets["access_token"] = token.signed(signer)
        outcome.secrets["access_token_expires_at"] = token.expires_at
    return outcome
