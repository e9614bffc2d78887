"""Reports from outside: who may deliver them at an ingest address, and what is done with them."""

import hmac
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from sqlalchemy import or_, select, update

from db.enums.events import ActorKind
from db.enums.integrations import IntegrationKind, IntegrationStatus
from db.integrations import Integration
from db.organizations import Tenant
from resolvers.calls import report_call
from resolvers.core.context import Context, Request, Services
from resolvers.core.errors import Refusal
from resolvers.core.viewer import Viewer
from resolvers.core.writes import Outcome, Values, Write, perform
from resolvers.integrations import address_hashes_of, secrets_of
from resolvers.rules import integrations as rules
from resolvers.rules.telephony import is_twilio_signature_valid, read_twilio

NOTED_EVERY: Final = timedelta(minutes=1)
"""How exact `last_event_at` is: every report would otherwise wait for the one row of its integration."""


class UnknownAddress(Refusal):
    """No integration has this address, or has it any more; whether it ever did is not said."""

    code = "UNKNOWN_ADDRESS"


class IntegrationRevoked(Refusal):
    """The integration was revoked: nothing is accepted from it."""

    code = "INTEGRATION_REVOKED"


class BadSignature(Refusal):
    """The report is not signed by the integration's secret, or not for this address."""

    code = "BAD_SIGNATURE"


@dataclass(frozen=True, slots=True)
class Reporter:
    """An integration that proved its address: as whom it acts, and the secrets that sign its reports."""

    viewer: Viewer
    secrets: tuple[str, ...]
    last_event_at: datetime | None

    @property
    def integration_id(self) -> UUID:
        """The integration."""
        return self.viewer.actor_id


async def receive_twilio(
    services: Services,
    request: Request,
    address: str,
    signed: tuple[str, Sequence[tuple[str, str]], str],
) -> Outcome:
    """Take in Twilio's status callback. `signed`: the URL that Twilio called, all parameters, the signature.

    When it returns, the report is committed. Raises UnknownAddress, IntegrationRevoked, BadSignature, Invalid
    for a report that cannot be used, and whatever keeps the database from committing.
    """
    reporter = await authenticate(services, address, (IntegrationKind.TELEPHONY, "twilio"))
    url, parameters, signature = signed
    verdicts = [is_twilio_signature_valid(secret, url, parameters, signature) for secret in reporter.secrets]
    if not any(verdicts):
        raise BadSignature("X-Twilio-Signature is not that of this integration's auth token and this URL.")
    context = Context(services, reporter.viewer, request)
    report = read_twilio(parameters, context.now)

    async def act(write: Write, values: Values) -> Outcome:
        call = (await report_call(write, values))["call"]
        await _note_event(write, reporter)
        return Outcome(ids={"call": call.id})

    values = {"integration_id": reporter.integration_id, "report": report}
    return await perform(context, "ingest", act, values)


async def authenticate(services: Services, text: str, meant_for: tuple[IntegrationKind, str]) -> Reporter:
    """The integration of this address, if it is of the kind and provider meant.

    The address names its tenant, which is set first, so that not even its own integration is read outside it.
    Raises UnknownAddress and IntegrationRevoked.
    """
    address = rules.decode_address(text)
    if address is None:
        raise UnknownAddress("There is no such address.")
    now = services.clock.now()
    async with services.database.write(address.tenant_id) as session:
        found = (
            await session.execute(
                select(Integration, Tenant.organization_id)
                .join(Tenant, Tenant.id == Integration.tenant_id)
                .where(Integration.id == address.integration_id)
            )
        ).one_or_none()
        integration = found[0] if found else None
        hashes = address_hashes_of(integration, now) if integration else ()
        verdicts = [hmac.compare_digest(known, address.token_hash) for known in hashes]
        if found is None or not any(verdicts) or (found[0].kind, found[0].provider) != meant_for:
            raise UnknownAddress("There is no such address.")
        integration, organization_id = found
        if integration.status is IntegrationStatus.REVOKED:
            raise IntegrationRevoked("This integration was revoked.")
        crypter = await services.keyring.for_tenant(session, address.tenant_id, now)
        secrets = secrets_of(integration, crypter, now)
    viewer = Viewer(
        kind=ActorKind.INTEGRATION,
        actor_id=integration.id,
        credential_id=integration.id,
        organization_id=organization_id,
        tenant_id=address.tenant_id,
        user_id=None,
        permissions=frozenset(),
    )
    return Reporter(viewer, secrets, integration.last_event_at)


async def _note_event(write: Write, reporter: Reporter) -> None:
    """Keep when the integration last reported, past versions and audit: nobody decided anything."""
    since = write.now - NOTED_EVERY
    if reporter.last_event_at is not None and reporter.last_event_at > since:
        return
    await write.session.execute(
        update(Integration)
        .where(
            Integration.id == reporter.integration_id,
            or_(Integration.last_event_at.is_(None), Integration.last_event_at <= since),
        )
        .values(last_event_at=write.now)
        .execution_options(synchronize_session=False)
    )
