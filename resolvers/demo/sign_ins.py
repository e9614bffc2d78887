"""The sign-ins of the demo: their passwords, and access tokens without one for whoever runs the server."""

import asyncio
from collections.abc import Mapping

from sqlalchemy import select

from db.access import Login, Role, RoleAssignment, User
from db.organizations import Tenant
from resolvers.access import issue_access_token, passwords, set_password
from resolvers.access.passwords import AT_ONCE
from resolvers.core.context import Services
from resolvers.demo.plan import SIGN_INS

ADMINISTRATORS = ("SUPER_ADMIN", "INSURANCE_PROVIDER_ADMIN")


async def set_passwords(services: Services, wanted: Mapping[str, str]) -> None:
    """Give those logins that have another password, or none, the wanted one, by e-mail address."""
    async with services.database.reference() as session:
        found = await session.execute(select(Login.email, Login.password_hash).where(Login.email.in_(wanted)))
        stored = {login.email: login.password_hash for login in found}
    turns = asyncio.Semaphore(AT_ONCE)  # as many as may be hashed at once; more are refused

    async def settle(email: str) -> None:
        async with turns:
            if stored[email] is not None and await passwords.is_right(stored[email], wanted[email]):
                return
            async with services.database.reference() as session:
                login = await session.scalars(select(Login).where(Login.email == email).with_for_update(key_share=True))
                await set_password(login.one(), wanted[email], services.clock.now())

    await asyncio.gather(*map(settle, stored))


async def access_token(services: Services, *, email: str | None, tenant: str | None) -> str:
    """An access token of the person with that e-mail address, or of the tenant's administrator.

    Without either: of the administrator of the demo tenant. A sign-in of the demo that may enter several
    tenants enters its own. Raises LookupError with a sentence when there is nobody.
    """
    if email is None:
        tenant = tenant or SIGN_INS[0].tenant
        email = await _administrator(services, tenant)
    elif tenant is None:
        tenant = next((who.tenant for who in SIGN_INS if who.email == email.strip().lower()), None)
    return await issue_access_token(services, email, tenant)


async def _administrator(services: Services, slug: str) -> str:
    """The e-mail address by which an administrator of the tenant signs in: of several the first."""
    async with services.database.reference() as session:
        tenant_id = await session.scalar(select(Tenant.id).where(Tenant.slug == slug))
    if tenant_id is None:
        raise LookupError(f"There is no tenant {slug}. `python3 run.py seed` loads the demo's.")
    async with services.database.reads(tenant_id) as reads:
        found = await reads.scalars(
            select(Login.email)
            .join(User, User.login_id == Login.id)
            .join(RoleAssignment, RoleAssignment.user_id == User.id)
            .join(Role, Role.id == RoleAssignment.role_id)
            .where(Role.key.in_(ADMINISTRATORS), RoleAssignment.is_active)
            .order_by(RoleAssignment.assigned_at, User.id)
            .limit(1)
        )
    if not found:
        raise LookupError(f"The tenant {slug} has no administrator.")
    return str(found[0])
