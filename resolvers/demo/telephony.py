"""What a tenant telephones with: its Twilio account, its voice agents with their versions, its numbers."""

import hashlib
import secrets
from dataclasses import dataclass
from typing import Any, Final

import phonenumbers

from db.core.keys import Crypter
from db.enums.integrations import IntegrationKind
from db.enums.telephony import PhoneNumberAcquisition, PhoneNumberStatus, TelephonyHealth
from db.enums.voice_agents import VoiceAgentPhoneIntegration, VoiceAgentStatus, VoiceAgentVersionStatus
from db.integrations import Integration
from db.telephony import PhoneNumber
from db.voice_agents import VoiceAgent, VoiceAgentVersion
from resolvers.demo.book import Book, Row
from resolvers.demo.staff import Staff
from resolvers.demo.words import Script
from resolvers.rules.integrations import TOKEN_BYTES

FIRST_PUBLISHED_DAYS_AGO: Final = 400
PUBLISHED_DAYS_AGO: Final = 12
VOICES: Final = ("kore", "orion", "vega")


@dataclass(slots=True)
class Line:
    """A voice agent with the versions that have taken calls, oldest first, and its number."""

    script: Script
    voice_agent: Row
    versions: list[Row]
    number: Row


def connect(book: Book, staff: Staff) -> tuple[Row, list[Line]]:
    """The tenant's telephony integration, without its secret yet, and its lines."""
    at = book.ago(days=420)
    integration = book.add(
        Integration,
        at,
        kind=IntegrationKind.TELEPHONY,
        provider="twilio",
        name=f"Twilio {book.plan.name}",
        account_identifier=f"AC{book.rng.getrandbits(128):032x}",
        config={"edge": book.market.region},
        scopes=["calls"],
        last_event_at=book.ago(minutes=1),
        created_by_id=staff.administrator["id"],
    )
    scripts = book.words.scripts[: book.size.voice_agents]
    lines: list[Line] = []
    for position, script in enumerate(scripts):
        voice_agent, versions = _voice_agent(book, staff, script, position)
        number = _number(book, staff, position, integration, voice_agent)
        lines.append(Line(script, voice_agent, versions, number))
    for position in range(len(scripts), len(book.market.own_numbers)):
        _number(book, staff, position, integration, None)
    return integration, lines


def seal(integration: Row, crypter: Crypter) -> None:
    """Give the integration a secret and an address that nobody knows: whoever wants to use it rotates them."""
    secret = secrets.token_hex(16).encode()
    integration["secret_encrypted"] = crypter.encrypt(secret, f"secret of integration {integration['id']}")
    integration["secret_key_version"] = 1
    integration["address_token_hash"] = hashlib.sha256(secrets.token_bytes(TOKEN_BYTES)).digest()


def _voice_agent(book: Book, staff: Staff, script: Script, position: int) -> tuple[Row, list[Row]]:
    """A voice agent whose second version takes the calls; the first did before, the third is in the making."""
    first_at, second_at = book.ago(days=FIRST_PUBLISHED_DAYS_AGO), book.ago(days=PUBLISHED_DAYS_AGO)
    configs: dict[str, Any] = {
        "voice_config": {"voice": VOICES[position], "speed": 1.0},
        "language_config": {"primary": book.market.language, "detects_others": True},
        "model_config": {"provider": "bedrock", "max_tokens": 400},
    }
    administrator_id = staff.administrator["id"]
    voice_agent = book.add(
        VoiceAgent,
        book.ago(days=FIRST_PUBLISHED_DAYS_AGO + 10),
        name=script.name,
        description=script.description,
        system_prompt=script.prompt,
        **configs,
        status=VoiceAgentStatus.ACTIVE,
        phone_integration=VoiceAgentPhoneIntegration.TWILIO,
        created_by_id=administrator_id,
        updated_at=second_at,
    )
    states = (
        (VoiceAgentVersionStatus.ARCHIVED, first_at, second_at),
        (VoiceAgentVersionStatus.PUBLISHED, second_at, None),
        (VoiceAgentVersionStatus.TESTING if position == 0 else VoiceAgentVersionStatus.DRAFT, None, None),
    )
    versions = []
    for number, (status, published_at, archived_at) in enumerate(states, start=1):
        made_at = book.ago(days=3) if published_at is None else published_at.replace(minute=0, second=0)
        is_tested = status is not VoiceAgentVersionStatus.DRAFT
        versions.append(
            book.add(
                VoiceAgentVersion,
                made_at,
                voice_agent_id=voice_agent["id"],
                version_number=number,
                status=status,
                change_note=script.changes[number - 1],
                system_prompt=script.prompt,
                **configs,
                created_by_id=administrator_id,
                testing_started_at=(published_at or book.ago(days=1)) if is_tested else None,
                published_at=published_at,
                published_by_id=administrator_id if published_at else None,
                archived_at=archived_at,
                updated_at=archived_at or published_at or made_at,
            )
        )
    return voice_agent, versions[:2]


def _number(book: Book, staff: Staff, position: int, integration: Row, voice_agent: Row | None) -> Row:
    number = book.market.own_numbers[position]
    parsed = phonenumbers.parse(number)
    return book.add(
        PhoneNumber,
        book.ago(days=410),
        number=number,
        formatted_number=phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.INTERNATIONAL),
        label=book.words.numbers[position],
        country_code=book.market.country,
        region=book.market.region,
        acquisition_method=PhoneNumberAcquisition.TWILIO,
        provider="twilio",
        provider_number_id=f"PN{book.rng.getrandbits(128):032x}",
        integration_id=integration["id"],
        voice_agent_id=voice_agent and voice_agent["id"],
        capabilities=["VOICE", "SMS"] if position == 0 else ["VOICE"],
        status=PhoneNumberStatus.ACTIVE if voice_agent else PhoneNumberStatus.INACTIVE,
        currency="USD",
        is_compliance_verified=True,
        health_status=TelephonyHealth.HEALTHY if voice_agent else TelephonyHealth.UNKNOWN,
        last_health_check_at=book.ago(minutes=20) if voice_agent else None,
        created_by_id=staff.administrator["id"],
    )
