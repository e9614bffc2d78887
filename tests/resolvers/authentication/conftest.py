"""Fixtures of authentication: a fresh Authenticator, and somebody with a session."""

import pytest

from db.access import User
from db.organizations import Tenant
from resolvers.authentication import Authenticator
from resolvers.core.context import Services
from tests.factories import access
from tests.factories.access import OpenSession
from tests.support.store import Store


@pytest.fixture
def authenticator(services: Services) -> Authenticator:
    """A process that has seen nobody yet."""
    return Authenticator(services)


@pytest.fixture
async def user(store: Store, tenant: Tenant) -> User:
    """Somebody who reads deals."""
    return await access.user(store, tenant, permissions=["deal:read", "call:read"])


@pytest.fixture
async def session(store: Store, tenant: Tenant, user: User) -> OpenSession:
    """Their session."""
    return await access.session(store, tenant, user_id=user.id)
