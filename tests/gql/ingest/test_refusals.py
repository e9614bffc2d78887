"""Reports that are refused: with which answer, and that nothing is written and no secret told."""

import httpx2
import orjson
import pytest
from sqlalchemy import select, update

from db.compliance import AuditLogEntry
from db.core.session import Database
from db.enums.integrations import IntegrationStatus
from db.integrations import Integration
from db.organizations import Tenant
from resolvers.core.context import Services
from resolvers.rules.telephony import twilio_signature
from tests.gql.ingest.support import calls_of, coded, connect, endpoints, events_of, traces
from tests.support.fixtures import SignIn
from tests.support.store import START, Store
from tests.support.twilio import CALL_SID, PUBLIC_URL, TOKEN, Twilio, callback, recorded

BASE64URL = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"


async def test_a_report_that_is_not_signed_for_this_address_is_refused(
    store: Store, tenant: Tenant, twilio: Twilio
) -> None:
    report = recorded()[0]
    elsewhere = Twilio(twilio.http, twilio.path, TOKEN, "https://api.example.org")
    signature = twilio_signature(TOKEN, f"{PUBLIC_URL}{twilio.path}", report)
    before = await traces(store, tenant)
    for answer in (
        await twilio.signing_with("0" * 32).post(report),
        await elsewhere.post(report),
        await twilio.post(report, {"X-Twilio-Signature": ""}),
        await twilio.post(report, {"X-Twilio-Signature": "RSOYDt4T1cUTdK1PDd93/VVr8B8="}),
        await twilio.post([*report, ("CallDuration", "600")], {"X-Twilio-Signature": signature}),
        await twilio.at(f"{twilio.path}?x=1").post(report, {"X-Twilio-Signature": signature}),
    ):
        assert coded(answer) == (403, "BAD_SIGNATURE")
        assert TOKEN not in answer.text
    assert await traces(store, tenant) == before


async def test_parameters_that_come_more_than_once_and_empty_ones_are_signed_as_twilio_does(
    twilio: Twilio,
) -> None:
    report = [*recorded()[0], ("StirStatus", "B"), ("StirStatus", "A"), ("StirStatus", "B"), ("Empty", "")]
    assert await twilio.play([report, [*report, ("Café name", "naïve + & = 😀")]]) == [204, 204]


async def test_the_port_may_be_signed_or_not_and_the_query_counts(twilio: Twilio) -> None:
    with_port = Twilio(twilio.http, twilio.path, TOKEN, f"{PUBLIC_URL}:443")
    with_query = twilio.at(f"{twilio.path}?source=main&x=%20")
    assert await with_port.play(recorded()[:1]) == [204]
    assert await with_query.play(recorded()[:1]) == [204]


async def test_without_a_public_address_the_requests_own_url_is_checked(services: Services, twilio: Twilio) -> None:
    own = "https://own.example.com"
    async with endpoints(services, None, own) as http:
        assert await Twilio(http, twilio.path, TOKEN, own).play(recorded()[:1]) == [204]
        assert await Twilio(http, twilio.path).play(recorded()[:1]) == [403]


async def test_an_address_that_was_not_given_out_is_unknown(
    store: Store, tenant: Tenant, other_tenant: Tenant, twilio: Twilio, sign_in: SignIn, http: httpx2.AsyncClient
) -> None:
    other = await connect(sign_in, other_tenant, http)
    start, address = twilio.path.rsplit("/", 1)
    others = other.path.rsplit("/", 1)[1]
    before = await traces(store, tenant), await traces(store, other_tenant)
    for wrong in (
        "x",
        address[:-1],
        f"{address}A",
        f"{address[:-2]}{'BA' if address[-2] == 'A' else 'AA'}",  # another token
        f"{address[:43]}{others[43:]}",  # ids of one tenant, token of the other
        f"{others[:21]}{address[21:]}",  # another tenant's id before one's own integration
        f"{address[:43]}{'A' * 43}",
        f"{address[:-1]}{BASE64URL[BASE64URL.index(address[-1]) + 1]}",  # the same bytes spelt otherwise
        "%00" * 86,
        "é" * 43,
    ):
        assert coded(await twilio.at(f"{start}/{wrong}").post(recorded()[0])) == (404, "UNKNOWN_ADDRESS")
    assert (await traces(store, tenant), await traces(store, other_tenant)) == before


async def test_what_is_no_usable_report_is_refused_and_nothing_is_written(
    store: Store, tenant: Tenant, twilio: Twilio
) -> None:
    before = await traces(store, tenant)
    for unusable in (
        [],
        [("CallStatus", "ringing")],
        [("CallSid", CALL_SID)],
        callback("ringing", START, CallSid=""),
        callback("ringing", START, CallSid="CA\0"),
        callback("ringing", START, CallSid=f"CA{'0' * 70}"),
        callback("exploded", START),
        [(f"key{number}", "x") for number in range(400)],
    ):
        assert coded(await twilio.post(unusable)) == (400, "VALIDATION_FAILED")
    many = [(f"key{number}", "x") for number in range(600)]
    assert coded(await twilio.post(many)) == (400, "BAD_REQUEST")
    assert await traces(store, tenant) == before


async def test_only_forms_of_bounded_size_are_read(store: Store, tenant: Tenant, twilio: Twilio) -> None:
    before = await traces(store, tenant)
    for content_type in ("application/json", "multipart/form-data; boundary=x", "text/plain", ""):
        answer = await twilio.post(recorded()[0], {"Content-Type": content_type})
        assert coded(answer) == (415, "UNSUPPORTED_MEDIA_TYPE")
    huge = callback("ringing", START, Padding="x" * 70_000)
    assert coded(await twilio.post(huge)) == (413, "REQUEST_TOO_LARGE")
    assert (await twilio.http.get(twilio.path)).status_code == 405
    assert await traces(store, tenant) == before


async def test_a_revoked_integration_is_told_so(store: Store, tenant: Tenant, twilio: Twilio) -> None:
    revoke = update(Integration).where(Integration.tenant_id == tenant.id)
    await store.execute(revoke.values(status=IntegrationStatus.REVOKED))
    assert coded(await twilio.post(recorded()[0])) == (410, "INTEGRATION_REVOKED")
    assert await calls_of(store, tenant) == []


async def test_an_integration_of_another_kind_does_not_take_calls(store: Store, tenant: Tenant, twilio: Twilio) -> None:
    others = update(Integration).where(Integration.tenant_id == tenant.id)
    await store.execute(others.values(provider="telnyx"))
    assert coded(await twilio.post(recorded()[0])) == (404, "UNKNOWN_ADDRESS")


async def test_a_database_that_cannot_be_reached_lets_twilio_try_again(services: Services, twilio: Twilio) -> None:
    closed = Database("postgresql://nobody:x@127.0.0.1:9/nowhere")
    out_of_order = Services(closed, services.keyring, services.clock, services.wakeups)
    async with endpoints(out_of_order) as http:
        answer = await Twilio(http, twilio.path).post(recorded()[0])
    await closed.close()
    assert coded(answer) == (503, "SERVICE_UNAVAILABLE")
    assert answer.headers["Retry-After"] == "5"


async def test_neither_token_nor_address_gets_into_logs_events_or_audit_entries(
    store: Store, tenant: Tenant, twilio: Twilio, services: Services, capsys: pytest.CaptureFixture[str]
) -> None:
    address = twilio.path.rsplit("/", 1)[1]
    await twilio.play(recorded())
    await twilio.signing_with("f" * 32).play(recorded())
    await twilio.at(f"{twilio.path}x").play(recorded()[:1])
    told = capsys.readouterr()
    assert "/ingest/calls/twilio/…" in told.out + told.err
    kept = [
        orjson.dumps({name: value for name, value in vars(row).items() if name[0] != "_"}, default=str).decode()
        for row in [*await events_of(store, tenant), *await calls_of(store, tenant)]
    ]
    async with services.database.write(tenant.id) as session:
        for entry in await session.scalars(select(AuditLogEntry)):
            subject = entry.key_subject_id or tenant.id
            crypter = await services.keyring.for_subject(session, tenant.id, subject, entry.created_at)
            sealed = (entry.old_values_encrypted, entry.new_values_encrypted)
            kept += [crypter.decrypt(one, f"audit {entry.event_id}").decode() for one in sealed if one]
    for text in (told.out, told.err, *kept):
        assert TOKEN not in text
        assert address not in text
    assert any("(secret)" in text for text in kept)
