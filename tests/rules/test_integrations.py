"""What an integration must be, and what its ingest address carries."""

from datetime import timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from db.enums.integrations import IntegrationKind
from resolvers.rules import Invalid
from resolvers.rules.integrations import (
    TOKEN_BYTES,
    Address,
    IntegrationDraft,
    check_secret,
    decode_address,
    encode_address,
    grace,
    ingest_path,
    normalise,
)

TWILIO = IntegrationDraft(IntegrationKind.TELEPHONY, "twilio", "Main line")
INBOX = IntegrationDraft(IntegrationKind.EMAIL, "imap", "Inbox")


@given(st.uuids(), st.uuids(), st.binary(min_size=TOKEN_BYTES, max_size=TOKEN_BYTES))
def test_an_address_carries_its_ids_and_token_in_letters_that_no_url_escapes(
    tenant_id: UUID, integration_id: UUID, token: bytes
) -> None:
    address = Address(tenant_id, integration_id, token)
    text = encode_address(address)
    assert decode_address(text) == address
    assert len(text) == 86
    assert text.replace("-", "").replace("_", "").isalnum()
    assert len(address.token_hash) == 32
    assert token not in address.token_hash


@given(st.text())
def test_other_text_is_no_address(text: str) -> None:
    assert decode_address(text) is None


def test_each_address_has_one_spelling() -> None:
    text = encode_address(Address(UUID(int=1), UUID(int=2), bytes(TOKEN_BYTES)))
    assert text.endswith("A")
    for other in (f"{text[:-1]}B", f"{text}=", f"{text}==", f" {text}", text.replace("A", "+", 1), f"{text}A"):
        assert decode_address(other) is None


def test_a_draft_is_stored_tidied() -> None:
    draft = IntegrationDraft(
        IntegrationKind.TELEPHONY,
        " Twilio ",
        " Main line ",
        " AC1 ",
        " https://api.twilio.com ",
        {"region": "in1"},
        ["calls", " calls", "sms"],
    )
    assert normalise(draft) == IntegrationDraft(
        IntegrationKind.TELEPHONY,
        "twilio",
        "Main line",
        "AC1",
        "https://api.twilio.com",
        {"region": "in1"},
        ["calls", "sms"],
    )


def test_all_problems_of_a_draft_are_told_at_once() -> None:
    draft = IntegrationDraft(
        IntegrationKind.EMAIL, "no way!", "", None, "example.com", {"a": [{"clientSecret": "x"}]}, ["ok", " "]
    )
    with pytest.raises(Invalid) as refusal:
        normalise(draft)
    assert [problem.path for problem in refusal.value.problems] == [
        ("provider",),
        ("name",),
        ("endpoint_url",),
        ("config", "clientSecret"),
        ("scopes", 1),
    ]


def test_only_what_reports_here_needs_a_secret_and_has_a_path() -> None:
    assert ingest_path(TWILIO.kind, TWILIO.provider) == "/ingest/calls/twilio/"
    assert ingest_path(INBOX.kind, INBOX.provider) is None
    assert ingest_path(IntegrationKind.SMS, "twilio") is None
    check_secret(INBOX, None)
    with pytest.raises(Invalid) as refusal:
        check_secret(TWILIO, None)
    assert refusal.value.code == "REQUIRED"


@pytest.mark.parametrize(
    ("secret", "code"),
    [
        ("", "TOO_SHORT"),
        ("1234567", "TOO_SHORT"),
        ("x" * 4097, "TOO_LONG"),
        ("12345678\n", "FORMAT"),
        ("pässwört", "FORMAT"),
    ],
)
def test_a_secret_is_of_visible_characters(secret: str, code: str) -> None:
    with pytest.raises(Invalid) as refusal:
        check_secret(INBOX, secret)
    assert refusal.value.code == code
    assert secret == "" or secret not in str(refusal.value)


def test_what_is_replaced_counts_for_a_day_unless_asked_otherwise() -> None:
    assert grace(None) == timedelta(days=1)
    assert (grace(0), grace(604_800)) == (timedelta(0), timedelta(days=7))
    for wrong in (-1, 604_801):
        with pytest.raises(Invalid):
            grace(wrong)
