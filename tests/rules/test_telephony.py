"""Twilio's words and Twilio's signature."""

from contextlib import suppress
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from db.enums.calls import CallAnsweredBy, CallDirection, CallStatus
from resolvers.rules import Invalid
from resolvers.rules.telephony import (
    call_status_of_twilio,
    is_twilio_signature_valid,
    read_twilio,
    twilio_signature,
)

TOKEN = "12345"
URL = "https://mycompany.com/myapp.php?foo=1&bar=2"
PARAMS = [
    ("CallSid", "CA1234567890ABCDE"),
    ("Caller", "+14158675309"),
    ("Digits", "1234"),
    ("From", "+14158675309"),
    ("To", "+18005551212"),
]
SIGNATURE = "RSOYDt4T1cUTdK1PDd93/VVr8B8="
WITH_PORT = URL.replace(".com/", ".com:443/")


@pytest.mark.parametrize(
    ("word", "status"),
    [
        ("queued", CallStatus.INITIATED),
        ("initiated", CallStatus.INITIATED),
        ("ringing", CallStatus.RINGING),
        ("in-progress", CallStatus.ANSWERED),
        ("completed", CallStatus.COMPLETED),
        ("busy", CallStatus.BUSY),
        ("no-answer", CallStatus.NO_ANSWER),
        ("failed", CallStatus.FAILED),
        ("canceled", CallStatus.CANCELLED),
        ("answered", None),
        ("COMPLETED", None),
        ("", None),
    ],
)
def test_each_word_of_twilio_has_its_status_and_others_have_none(word: str, status: CallStatus | None) -> None:
    assert call_status_of_twilio(word) is status


def test_the_documented_example_has_the_documented_signature() -> None:
    assert twilio_signature(TOKEN, URL, PARAMS) == SIGNATURE
    assert twilio_signature(TOKEN, URL, reversed(PARAMS)) == SIGNATURE


def test_a_repeated_name_counts_with_each_different_value_once_as_in_twilios_own_tests() -> None:
    params = [
        ("Sid", "CA123"),
        ("SidAccount", "AC123"),
        ("Digits", "5678"),
        ("Digits", "1234"),
        ("Digits", "1234"),
    ]
    assert twilio_signature(TOKEN, URL, params) == "IK+Dwps556ElfBT0I3Rgjkr1wJU="


def test_a_signature_holds_with_and_without_the_standard_port_whichever_was_signed() -> None:
    for signed in (URL, WITH_PORT):
        signature = twilio_signature(TOKEN, signed, PARAMS)
        assert is_twilio_signature_valid(TOKEN, URL, PARAMS, signature)
        assert is_twilio_signature_valid(TOKEN, WITH_PORT, PARAMS, signature)


def test_http_has_its_own_standard_port_and_another_port_may_be_left_out() -> None:
    plain = "http://mycompany.com/x"
    assert is_twilio_signature_valid(TOKEN, plain, [], twilio_signature(TOKEN, "http://mycompany.com:80/x", []))
    assert is_twilio_signature_valid(
        TOKEN, "https://mycompany.com:8443/x", [], twilio_signature(TOKEN, "https://mycompany.com/x", [])
    )
    assert not is_twilio_signature_valid(TOKEN, plain, [], twilio_signature(TOKEN, "http://mycompany.com:443/x", []))


def test_the_rest_of_the_url_stays_byte_for_byte() -> None:
    odd = "https://mycompany.com/a%2Fb?"
    assert is_twilio_signature_valid(TOKEN, odd, [], twilio_signature(TOKEN, "https://mycompany.com:443/a%2Fb?", []))


def test_an_address_of_version_six_keeps_its_brackets() -> None:
    signed = twilio_signature(TOKEN, "https://[::1]/x", [])
    assert is_twilio_signature_valid(TOKEN, "https://[::1]:443/x", [], signed)


@pytest.mark.parametrize(
    ("secret", "url", "params", "signature"),
    [
        (TOKEN, URL, PARAMS[1:], SIGNATURE),
        (TOKEN, URL, [*PARAMS, ("Extra", "")], SIGNATURE),
        (TOKEN, URL + "&baz=3", PARAMS, SIGNATURE),
        (TOKEN, URL.replace("https", "http"), PARAMS, SIGNATURE),
        ("54321", URL, PARAMS, SIGNATURE),
        (TOKEN, URL, PARAMS, SIGNATURE.lower()),
        (TOKEN, URL, PARAMS, ""),
        (TOKEN, URL, PARAMS, "ünlesbar"),
        (TOKEN, "https://mycompany.com:port/", PARAMS, SIGNATURE),
        ("", URL, PARAMS, twilio_signature("", URL, PARAMS)),
    ],
)
def test_anything_else_is_refused(secret: str, url: str, params: list[tuple[str, str]], signature: str) -> None:
    assert not is_twilio_signature_valid(secret, url, params, signature)


@given(st.lists(st.tuples(st.text(), st.text())), st.text(), st.text())
def test_no_input_breaks_the_check(params: list[tuple[str, str]], url: str, signature: str) -> None:
    assert not is_twilio_signature_valid(TOKEN, url, params, signature)
    assert is_twilio_signature_valid(TOKEN, url, params, twilio_signature(TOKEN, url, params))


ARRIVED = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)
CALLBACK = {
    "CallSid": "CAfedcba9876543210fedcba9876543210",
    "CallStatus": "completed",
    "Direction": "outbound-api",
    "From": "+912248001234",
    "To": "+919812345678",
    "Timestamp": "Fri, 20 Nov 2026 08:59:58 +0000",
}


def test_a_callback_is_read_in_no_providers_words() -> None:
    more = {
        "CallDuration": "61",
        "Duration": "2",
        "Price": "-0.0085",
        "PriceUnit": "EUR",
        "AnsweredBy": "machine_end_silence",
        "SipResponseCode": "200",
        "ParentCallSid": "CA1",
        "CallerName": "",
    }
    report = read_twilio({**CALLBACK, **more}.items(), ARRIVED)
    assert (report.provider_call_id, report.provider_status) == (CALLBACK["CallSid"], "completed")
    assert (report.state.status, report.state.duration_seconds) == (CallStatus.COMPLETED, 61)
    assert report.state.at == datetime(2026, 11, 20, 8, 59, 58, tzinfo=UTC)
    assert report.direction is CallDirection.OUTBOUND
    assert (report.from_number, report.to_number) == ("+912248001234", "+919812345678")
    assert report.facts == {
        "billable_duration_seconds": 120,
        "answered_by": CallAnsweredBy.MACHINE,
        "sip_response_code": 200,
        "cost_amount": Decimal("0.0085"),
        "currency": "EUR",
    }
    assert report.details == {"parent_call_id": "CA1"}


@pytest.mark.parametrize(
    ("word", "direction"),
    [
        ("inbound", CallDirection.INBOUND),
        ("outbound-api", CallDirection.OUTBOUND),
        ("outbound-dial", CallDirection.OUTBOUND),
        ("", CallDirection.INBOUND),
    ],
)
def test_twilios_directions_are_two(word: str, direction: CallDirection) -> None:
    assert read_twilio({**CALLBACK, "Direction": word}.items(), ARRIVED).direction is direction


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("Fri, 20 Nov 2026 14:29:58 +0530", datetime(2026, 11, 20, 8, 59, 58, tzinfo=UTC)),
        ("Fri, 20 Nov 2026 08:59:58 -0000", datetime(2026, 11, 20, 8, 59, 58, tzinfo=UTC)),
        ("2026-11-20T08:59:58Z", ARRIVED),
        ("Fri, 31 Dec 9999 23:59:59 -2359", ARRIVED),
        ("Fri, 31 Dec 9999 23:59:59 +0000", ARRIVED),
        ("Sun, 22 Nov 2026 09:00:00 +0000", ARRIVED),
        ("Thu, 01 Jan 1970 00:00:00 +0000", ARRIVED),
        ("", ARRIVED),
    ],
)
def test_what_is_no_time_happened_when_it_arrived(text: str, at: datetime) -> None:
    assert read_twilio({**CALLBACK, "Timestamp": text}.items(), ARRIVED).state.at == at


@pytest.mark.parametrize(
    "odd",
    [
        {"CallDuration": "-1", "Duration": "1.5", "Price": "free", "SipResponseCode": "42", "AnsweredBy": "martian"},
        {"CallDuration": "\u0663", "Duration": "9" * 8, "Price": "NaN", "SipResponseCode": "700"},
        {"Price": "-0.01", "PriceUnit": "rupees", "ErrorMessage": "x" * 501, "ErrorCode": "\0"},
        {"RecordingDuration": "12"},
    ],
)
def test_what_cannot_be_used_is_left_out(odd: dict[str, str]) -> None:
    report = read_twilio({**CALLBACK, **odd}.items(), ARRIVED)
    assert (report.facts, report.state.duration_seconds) == ({}, None)


@pytest.mark.parametrize(
    ("wrong", "name"),
    [
        ({"CallSid": ""}, "CallSid"),
        ({"CallSid": "SM123"}, "CallSid"),
        ({"CallSid": "CA1\0"}, "CallSid"),
        ({"CallStatus": ""}, "CallStatus"),
        ({"CallStatus": "answered"}, "CallStatus"),
    ],
)
def test_without_a_call_and_its_state_there_is_no_report(wrong: dict[str, str], name: str) -> None:
    with pytest.raises(Invalid) as refusal:
        read_twilio({**CALLBACK, **wrong}.items(), ARRIVED)
    assert refusal.value.path == (name,)


@given(st.lists(st.tuples(st.sampled_from([*CALLBACK, "Duration", "Price", "AnsweredBy"]), st.text())))
def test_no_parameters_break_the_reader(params: list[tuple[str, str]]) -> None:
    with suppress(Invalid):
        assert read_twilio([*CALLBACK.items(), *params], ARRIVED).state.at.tzinfo is UTC
