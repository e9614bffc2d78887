"""Rules of webhooks: addresses, signatures, pauses and ranges."""

import hashlib
import hmac
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from db.enums.events import EventType
from db.enums.webhooks import WebhookCircuit
from resolvers.rules import Invalid, LimitExceeded
from resolvers.rules import webhooks as rules

NOW = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)
READABLE = frozenset({EventType.CALL_CREATED, EventType.CONTACT_CREATED})


def codes(error: Invalid) -> dict[tuple[str | int, ...], str]:
    """What was found, by its path."""
    return {problem.path: problem.code for problem in error.problems}


@pytest.mark.parametrize(
    "address",
    ["8.8.8.8", "1.1.1.1", "2606:4700::1111", "::ffff:8.8.8.8", "2002:808:808::1", "64:ff9b::808:808"],
)
def test_addresses_of_the_open_internet_are_public(address: str) -> None:
    assert rules.is_public(address)


@pytest.mark.parametrize(
    "address",
    [
        *("127.0.0.1", "127.8.8.8", "::1", "::", "::ffff:127.0.0.1", "0.1.2.3"),  # this machine
        "0.0.0.0",  # noqa: S104  # to be refused
        *("10.1.2.3", "172.16.0.1", "172.31.255.255", "192.168.0.1", "::ffff:10.0.0.1"),  # RFC 1918
        *("169.254.169.254", "169.254.0.1", "fe80::1", "fe80::1%eth0", "fec0::1"),  # of one link or site
        *("fc00::1", "fd00:ec2::254", "fd12:3456::1"),  # unique local
        *("100.64.0.1", "100.100.100.200", "100.127.255.255"),  # carriers'
        *("168.63.129.16", "192.0.0.192", "198.18.0.1", "192.0.2.1", "203.0.113.9", "2001:db8::1"),
        *("224.0.0.1", "ff02::1", "240.0.0.1", "255.255.255.255"),
        *("2002:7f00:1::1", "2002:a00:1::1", "64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe", "64:ff9b:1::1", "2001:0:1::1"),
        *("::10.0.0.1", "::7f00:1", "localhost", "", "1.2.3", "8.8.8.8%eth0"),
    ],
)
def test_all_others_are_not(address: str) -> None:
    assert not rules.is_public(address)


@given(st.ip_addresses(v=4))
def test_an_address_means_the_same_when_it_stands_in_one_of_ipv6(address: object) -> None:
    assert rules.is_public(f"::ffff:{address}") is rules.is_public(str(address))


@pytest.mark.parametrize(
    "url",
    [
        "https://hooks.example.com/a?b=c",
        "http://hooks.example.com:8080/",
        "https://[2606:4700::1111]:8443/x",
        "https://Hooks.Example.com",
    ],
)
def test_an_address_of_the_web_is_taken_as_it_is(url: str) -> None:
    assert rules.check_url(f"  {url} ") == url


@pytest.mark.parametrize(
    "url",
    [
        *("", "hooks.example.com", "ftp://example.com/", "file:///etc/passwd", "javascript:alert(1)"),
        *("https://", "https:///x", "https://user:secret@example.com/", "https://example.com@evil.example/"),
        *(
            "https://example.com/#part",
            "https://exa mple.com/",
            "https://example.com/\nHost: evil",
            "https://ex\\ample/",
        ),
        *("https://example.com:0/", "https://example.com:99999/", "https://example.com:x/", "https://münchen.example/"),
        *("https://[::1/", "https://-a-/", f"https://example.com/{'x' * 2000}"),
    ],
)
def test_anything_else_is_refused(url: str) -> None:
    with pytest.raises(Invalid) as refused:
        rules.check_url(url)
    assert refused.value.path == ("url",)


def test_a_draft_is_refused_with_all_that_is_wrong() -> None:
    draft = rules.EndpointDraft("nowhere", [EventType.CALL_CREATED, EventType.DEAL_CREATED], "x" * 1001)
    with pytest.raises(Invalid) as refused:
        rules.normalise(draft, READABLE)
    assert codes(refused.value) == {
        ("url",): "FORMAT",
        ("description",): "TOO_LONG",
        ("event_types", 1): "NOT_ALLOWED",
    }
    with pytest.raises(Invalid) as refused:
        rules.normalise(rules.EndpointDraft("https://a.example", []), READABLE)
    assert codes(refused.value) == {("event_types",): "REQUIRED"}


def test_a_draft_is_stored_trimmed_and_without_repetition() -> None:
    types = [EventType.CONTACT_CREATED, EventType.CALL_CREATED, EventType.CONTACT_CREATED]
    made = rules.normalise(rules.EndpointDraft(" https://a.example ", types, "  For us "), READABLE)
    assert made == rules.EndpointDraft(
        "https://a.example", [EventType.CALL_CREATED, EventType.CONTACT_CREATED], "For us"
    )


def test_a_signature_is_a_proof_for_each_secret_over_time_and_body() -> None:
    body = b'{"kind":"TEST"}'
    seconds = int(NOW.timestamp())
    header = rules.signature(["one", "two"], NOW, body)
    proofs = [hmac.new(secret, b"%d." % seconds + body, hashlib.sha256).hexdigest() for secret in (b"one", b"two")]
    assert header == f"t={seconds},v1={proofs[0]},v1={proofs[1]}"


def test_pauses_double_up_to_an_hour_and_are_never_the_same_for_all() -> None:
    pauses = [rules.after_failure(failures, NOW, 0).next_attempt_at - NOW for failures in range(14)]
    assert pauses[:4] == [timedelta(seconds=number) for number in (2, 4, 8, 16)]
    assert pauses == sorted(pauses)
    assert pauses[-1] == timedelta(hours=1)
    assert rules.after_failure(10_000, NOW, 0).next_attempt_at == NOW + timedelta(hours=1)
    assert rules.after_failure(3, NOW, 1).next_attempt_at == NOW + timedelta(seconds=8)


def test_the_fifth_failure_in_a_row_opens_the_circuit() -> None:
    circuits = [rules.after_failure(failures, NOW, 0.5).circuit for failures in range(7)]
    assert circuits == [WebhookCircuit.CLOSED] * 4 + [WebhookCircuit.OPEN] * 3


@pytest.mark.parametrize(
    ("first", "last", "wrong"),
    [
        (5, 10, None),
        (5, 5, None),
        (4, 10, ("from_position",)),
        (8, 7, ("to_position",)),
        (5, 2001, ("to_position",)),
        (5, 1005, ("to_position",)),
        (5, 1004, None),
    ],
)
def test_only_what_is_kept_and_was_told_is_sent_once_more(first: int, last: int, wrong: tuple[str, ...] | None) -> None:
    if wrong is None:
        rules.check_range(first, last, 5, 2000)
        return
    with pytest.raises(Invalid) as refused:
        rules.check_range(first, last, 5, 2000)
    assert refused.value.path == wrong


def test_the_overlap_of_secrets_has_its_bounds() -> None:
    assert rules.overlap(None) == timedelta(days=1)
    assert rules.overlap(0) == timedelta(0)
    for wrong in (-1, 604_801):
        with pytest.raises(Invalid):
            rules.overlap(wrong)


def test_a_tenant_has_so_many_endpoints_and_no_more() -> None:
    rules.check_count(rules.ENDPOINTS - 1)
    with pytest.raises(LimitExceeded):
        rules.check_count(rules.ENDPOINTS)


@pytest.mark.parametrize(("status", "is_success"), [(200, True), (204, True), (299, True), (301, False), (500, False)])
def test_only_an_answer_of_success_takes_a_delivery(status: int, *, is_success: bool) -> None:
    assert rules.is_success(status) is is_success
