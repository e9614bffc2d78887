"""The catalogue of permissions, the system roles, scopes, passwords and failed sign-ins."""

import re
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest

from db.enums.access import LoginStatus, RoleScope, UserStatus
from db.enums.organizations import OrganizationStatus, TenantStatus
from resolvers.rules import Invalid
from resolvers.rules.access import (
    PERMISSIONS,
    SYSTEM_ROLES,
    ApiKeyDraft,
    Refresh,
    RefreshState,
    after_failed_sign_in,
    check_password,
    check_scopes,
    is_address_allowed,
    is_api_key_usable,
    is_locked,
    is_session_open,
    is_tenant_open,
    judge_refresh,
    login_email,
    may_act,
    normalise_api_key,
    permissions_of,
    revocation_reason,
)

EMAIL = "asha.krishnamurthy@example.in"
NOW = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)


@pytest.mark.parametrize("permission", PERMISSIONS)
def test_each_permission_is_named_alike_and_described_in_a_sentence(permission: str) -> None:
    assert re.fullmatch(r"[a-z_]+(:[a-z]+)?:(read|write|approve|assign|explain)", permission)
    assert re.fullmatch(r"[A-Z][^.]+\.", PERMISSIONS[permission])


def test_the_catalogue_cannot_be_changed() -> None:
    with pytest.raises(TypeError):
        PERMISSIONS["everything:write"] = "x"  # type: ignore[index]  # that the type forbids it too is the point


def test_the_roles_are_those_of_the_sources() -> None:
    assert list(SYSTEM_ROLES) == [
        "SUPER_ADMIN",
        "INSURANCE_PROVIDER_ADMIN",
        "REGIONAL_MANAGER",
        "SENIOR_AGENT",
        "JUNIOR_AGENT",
        "SUPPORT_STAFF",
        "POLICYHOLDER",
        "GUEST",
    ]


@pytest.mark.parametrize("key", SYSTEM_ROLES)
def test_a_role_names_only_permissions_there_are_and_can_read_what_it_writes(key: str) -> None:
    permissions = SYSTEM_ROLES[key].permissions
    assert permissions <= PERMISSIONS.keys()
    for permission in permissions - {"operation:explain"}:  # operations are no objects
        assert f"{permission.split(':')[0]}:read" in permissions


def test_roles_grow_from_junior_agent_to_administrator() -> None:
    ladder = ["JUNIOR_AGENT", "SENIOR_AGENT", "REGIONAL_MANAGER", "INSURANCE_PROVIDER_ADMIN"]
    for lower, higher in pairwise(ladder):
        assert SYSTEM_ROLES[lower].permissions < SYSTEM_ROLES[higher].permissions
    assert SYSTEM_ROLES["SUPER_ADMIN"].permissions == PERMISSIONS.keys()


def test_only_the_super_admin_reaches_all_tenants() -> None:
    wide = [role.key for role in SYSTEM_ROLES.values() if role.scope is RoleScope.ORGANIZATION]
    assert wide == ["SUPER_ADMIN"]


@pytest.mark.parametrize("key", ["POLICYHOLDER", "GUEST"])
def test_outsiders_see_nothing_of_other_customers(key: str) -> None:
    assert SYSTEM_ROLES[key].permissions <= {"organization:read", "tenant:read", "insurance_provider:read"}


def test_what_somebody_may_do_is_the_union_of_the_roles_without_unknown_permissions() -> None:
    assert permissions_of([["deal:read", "call:read"], ["deal:read", "gone:write"], []]) == {
        "deal:read",
        "call:read",
    }
    assert permissions_of([]) == frozenset()


def test_a_key_gets_scopes_of_the_catalogue_that_its_maker_holds() -> None:
    assert check_scopes(["deal:read", "deal:read"], frozenset({"deal:read"})) == {"deal:read"}


def test_a_key_gets_no_other_scopes() -> None:
    with pytest.raises(Invalid) as refusal:
        check_scopes(["deal:read", "nothing:read", "user:write"], frozenset({"deal:read", "nothing:read"}))
    assert [(problem.path, problem.code) for problem in refusal.value.problems] == [
        (("scopes", 1), "UNKNOWN"),
        (("scopes", 2), "NOT_ALLOWED"),
    ]
    with pytest.raises(Invalid):
        check_scopes([], frozenset(PERMISSIONS))


@pytest.mark.parametrize("password", ["blue tram at noon", "twelve chars", "मेरा लंबा पासवर्ड", "x9#kQ2!vLp0z"])
def test_a_long_password_is_good(password: str) -> None:
    check_password(password, EMAIL)


@pytest.mark.parametrize(
    ("password", "code"),
    [
        ("", "TOO_SHORT"),
        ("Admin123!", "TOO_SHORT"),
        ("elevenchars", "TOO_SHORT"),
        ("x1" * 65, "TOO_LONG"),
        ("a password\x00with a hole", "FORMAT"),
        ("Asha.Krishnamurthy@Example.IN", "TOO_WEAK"),
        ("asha.krishnamurthy", "TOO_WEAK"),
        ("PASSWORD1234", "TOO_WEAK"),
        (" password1234 ", "TOO_WEAK"),
        ("aaaaaaaaaaaaaaaa", "TOO_WEAK"),
        ("            ", "TOO_WEAK"),
        ("abcdabcdabcdabcd", "TOO_WEAK"),
    ],
)
def test_a_bad_password_is_refused(password: str, code: str) -> None:
    with pytest.raises(Invalid) as refusal:
        check_password(password, EMAIL)
    assert (refusal.value.path, refusal.value.code) == (("password",), code)
    assert not password.strip() or password not in str(refusal.value)


def test_a_login_is_found_by_its_address_in_lower_case() -> None:
    assert login_email(" Asha@Example.IN ") == "asha@example.in"
    with pytest.raises(Invalid):
        login_email("asha")


def test_each_fifth_wrong_password_in_a_row_locks_for_a_quarter_of_an_hour() -> None:
    locks = [after_failed_sign_in(before, NOW).locked_until_at for before in range(10)]
    assert [lock is not None for lock in locks] == ([False] * 4 + [True]) * 2
    lock = locks[4]
    assert lock == NOW + timedelta(minutes=15)
    assert is_locked(lock, NOW)
    assert is_locked(lock, NOW + timedelta(minutes=15) - timedelta(microseconds=1))
    assert not is_locked(lock, NOW + timedelta(minutes=15))
    assert not is_locked(None, NOW)


@pytest.mark.parametrize("status", OrganizationStatus)
def test_a_tenant_is_open_only_in_an_active_organization(status: OrganizationStatus) -> None:
    assert is_tenant_open(status, TenantStatus.ACTIVE) == (status is OrganizationStatus.ACTIVE)


@pytest.mark.parametrize("status", TenantStatus)
def test_a_tenant_is_open_while_active_or_on_trial(status: TenantStatus) -> None:
    is_open = status in (TenantStatus.ACTIVE, TenantStatus.TRIAL)
    assert is_tenant_open(OrganizationStatus.ACTIVE, status) == is_open


@pytest.mark.parametrize("status", UserStatus)
def test_a_person_acts_with_an_active_login_and_user(status: UserStatus) -> None:
    assert may_act(LoginStatus.ACTIVE, status) == (status is UserStatus.ACTIVE)
    assert not may_act(LoginStatus.DISABLED, status)


def session(**values: object) -> RefreshState:
    """A session that was refreshed at NOW under the key k1: the secret `old` was spent for `current`."""
    state = {
        "secret_hash": b"current",
        "previous_secret_hash": b"old",
        "rotated_at": NOW,
        "rotation_idempotency_key": "k1",
        "expires_at": NOW + timedelta(days=1),
        "revoked_at": None,
    }
    return RefreshState(**{**state, **values})  # type: ignore[arg-type]  # the values are those of the fields


@pytest.mark.parametrize(
    ("secret", "key", "after", "verdict"),
    [
        (b"current", None, 0, Refresh.ROTATE),
        (b"current", "k2", 86_399, Refresh.ROTATE),
        (b"current", "k1", 10, Refresh.ROTATE),
        (b"old", "k1", 0, Refresh.REPEAT),
        (b"old", "k1", 30, Refresh.REPEAT),
        (b"old", "k1", 31, Refresh.REUSED),
        (b"old", "k2", 1, Refresh.REUSED),
        (b"old", None, 1, Refresh.REUSED),
        (b"older", "k1", 1, Refresh.REUSED),
        (b"current", None, 86_400, Refresh.ENDED),
        (b"old", "k2", 86_400, Refresh.ENDED),
    ],
)
def test_a_refresh_token_works_once_and_a_retry_is_told_from_a_theft(
    secret: bytes, key: str | None, after: int, verdict: Refresh
) -> None:
    assert judge_refresh(session(), secret, key, NOW + timedelta(seconds=after)) is verdict


def test_a_spent_token_without_a_key_is_never_a_retry() -> None:
    assert judge_refresh(session(rotation_idempotency_key=None), b"old", None, NOW) is Refresh.REUSED


def test_a_revoked_session_stays_over() -> None:
    assert judge_refresh(session(revoked_at=NOW), b"current", None, NOW) is Refresh.ENDED
    assert is_session_open(NOW + timedelta(seconds=1), None, NOW)
    assert not is_session_open(NOW, None, NOW)
    assert not is_session_open(NOW + timedelta(seconds=1), NOW, NOW)


def test_a_key_is_stored_trimmed_with_each_address_once_in_one_spelling() -> None:
    given = [" 203.0.113.7 ", "203.0.113.7/32", "10.1.2.3/8", "2001:DB8::1", "2001:db8::/32"]
    draft = normalise_api_key(ApiKeyDraft(" Sync ", "  ", given, NOW + timedelta(seconds=1)), NOW)
    assert draft == ApiKeyDraft(
        "Sync", None, ["203.0.113.7", "10.0.0.0/8", "2001:db8::1", "2001:db8::/32"], NOW + timedelta(seconds=1)
    )


def test_all_that_is_wrong_with_a_new_key_is_said_at_once() -> None:
    with pytest.raises(Invalid) as refusal:
        normalise_api_key(
            ApiKeyDraft(" ", "x" * 1_001, ["10.0.0.1", "example.com", "10.0.0.0/33", "fe80::1%\0"], NOW), NOW
        )
    assert [(problem.path, problem.code) for problem in refusal.value.problems] == [
        (("name",), "REQUIRED"),
        (("description",), "TOO_LONG"),
        (("allowed_addresses", 1), "FORMAT"),
        (("allowed_addresses", 2), "FORMAT"),
        (("allowed_addresses", 3), "FORMAT"),
        (("expires_at",), "OUT_OF_RANGE"),
    ]
    with pytest.raises(Invalid, match="at most 50"):
        normalise_api_key(ApiKeyDraft("Sync", allowed_addresses=["10.0.0.1"] * 51), NOW)


def test_a_key_works_until_it_is_switched_off_revoked_or_expired() -> None:
    assert is_api_key_usable(True, None, None, NOW)
    assert is_api_key_usable(True, None, NOW + timedelta(microseconds=1), NOW)
    assert not is_api_key_usable(True, None, NOW, NOW)
    assert not is_api_key_usable(True, NOW, None, NOW)
    assert not is_api_key_usable(False, None, None, NOW)


@pytest.mark.parametrize(
    ("address", "is_allowed"),
    [
        ("203.0.113.7", True),
        ("203.0.113.8", False),
        ("10.200.0.1", True),
        ("::ffff:10.200.0.1", True),
        ("2001:db8::5", True),
        ("2001:db9::5", False),
        ("testclient", False),
        (None, False),
    ],
)
def test_a_key_works_from_the_addresses_it_names(address: str | None, is_allowed: bool) -> None:
    assert is_address_allowed(["203.0.113.7", "10.0.0.0/8", "2001:db8::/32"], address) is is_allowed
    assert is_address_allowed([], address)


def test_a_reason_is_trimmed_and_short() -> None:
    assert revocation_reason(" lost ") == "lost"
    assert revocation_reason("  ") is None
    with pytest.raises(Invalid):
        revocation_reason("x" * 501)
