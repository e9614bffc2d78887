"""Amounts, texts, e-mail addresses, tags and free JSON."""

import math
from decimal import Decimal

import pytest

from resolvers.rules import Findings, Invalid
from resolvers.rules.core import (
    check_amount,
    check_currency,
    check_custom_fields,
    clean_text,
    normalise_email,
    normalise_tags,
    required_text,
    round_money,
)

PATH = ("field",)


def nested(levels: int) -> object:
    """Lists within lists, that many deep."""
    return [nested(levels - 1)] if levels else 1


@pytest.mark.parametrize(
    ("amount", "rounded"),
    [("0.005", "0.01"), ("0.015", "0.02"), ("0.025", "0.03"), ("-0.005", "-0.01"), ("1.0049", "1.00")],
)
def test_money_is_rounded_half_away_from_zero_as_postgresql_does(amount: str, rounded: str) -> None:
    assert round_money(Decimal(amount)) == Decimal(rounded)


@pytest.mark.parametrize(
    ("amount", "code"),
    [
        ("-0.01", "OUT_OF_RANGE"),
        ("10000000000000000", "OUT_OF_RANGE"),
        ("1E+999999", "OUT_OF_RANGE"),
        ("0.001", "FORMAT"),
        ("1E-999999", "FORMAT"),
        ("NaN", "FORMAT"),
        ("sNaN", "FORMAT"),
        ("Infinity", "FORMAT"),
    ],
)
def test_an_amount_that_the_column_cannot_hold_is_refused(amount: str, code: str) -> None:
    with pytest.raises(Invalid) as refusal:
        check_amount(PATH, Decimal(amount))
    assert refusal.value.code == code


def test_an_amount_with_trailing_zeros_is_the_same_amount() -> None:
    check_amount(PATH, Decimal("1.5000"))
    check_amount(PATH, Decimal("9999999999999999.99"))


@pytest.mark.parametrize("currency", ["", "inr", "IN", "INRR", "IN1", "INR\n", "₹₹₹"])
def test_a_currency_is_three_capital_letters(currency: str) -> None:
    check_currency(PATH, "INR")
    with pytest.raises(Invalid):
        check_currency(PATH, currency)


def test_a_text_is_trimmed_and_none_when_nothing_is_left() -> None:
    assert clean_text(PATH, "  Asha\u200d ", 10) == "Asha\u200d"
    assert clean_text(PATH, " \t\n", 10) is None
    assert clean_text(PATH, None, 10) is None
    assert clean_text(PATH, "two\nlines\tand a tab", 30) == "two\nlines\tand a tab"


@pytest.mark.parametrize("text", ["a\x00b", "a\x07b", "a\ud800b", "a\x7fb"])
def test_a_text_that_cannot_be_stored_is_refused(text: str) -> None:
    with pytest.raises(Invalid) as refusal:
        clean_text(PATH, text, 10)
    assert refusal.value.code == "FORMAT"


def test_a_text_may_be_as_long_as_its_column_and_no_longer() -> None:
    assert clean_text(PATH, "x" * 10, 10) == "x" * 10
    with pytest.raises(Invalid) as refusal:
        clean_text(PATH, "x" * 11, 10)
    assert refusal.value.code == "TOO_LONG"
    with pytest.raises(Invalid) as missing:
        required_text(PATH, "  ", 10)
    assert missing.value.code == "REQUIRED"


@pytest.mark.parametrize(
    ("given", "stored"),
    [
        ("  Asha.Rao@Example.IN ", "asha.rao@example.in"),
        ("a+b_c%d-e@sub.domain-x.example", "a+b_c%d-e@sub.domain-x.example"),
    ],
)
def test_an_email_is_stored_trimmed_and_in_lower_case(given: str, stored: str) -> None:
    assert normalise_email(PATH, given) == stored


@pytest.mark.parametrize(
    "address",
    [
        "",
        "asha",
        "asha@example",
        "@example.in",
        "asha@@example.in",
        "asha@example.i",
        "asha@example.in\nx",
        "asha rao@example.in",
        ".asha@example.in",
        "asha.@example.in",
        "a..b@example.in",
        "a@-example.in",
        "a@example-.in",
        "a@example..in",
        "a@.example.in",
        "äsha@example.in",
        "x" * 65 + "@example.in",
        "a@" + "x" * 64 + ".in",
        "a@" + "x." * 126 + "in",
    ],
)
def test_what_is_no_email_address_is_refused(address: str) -> None:
    with pytest.raises(Invalid):
        normalise_email(PATH, address)


def test_tags_are_trimmed_and_kept_once_in_their_order() -> None:
    assert normalise_tags(PATH, [" VIP ", "renewal", "vip", "Pune"]) == ["VIP", "renewal", "Pune"]


def test_each_wrong_tag_is_named_by_its_position() -> None:
    with pytest.raises(Invalid) as refusal:
        normalise_tags(PATH, ["good", " ", "x" * 51])
    assert [(problem.path, problem.code) for problem in refusal.value.problems] == [
        (("field", 1), "REQUIRED"),
        (("field", 2), "TOO_LONG"),
    ]


def test_there_are_at_most_fifty_tags() -> None:
    assert len(normalise_tags(PATH, [f"tag {number}" for number in range(50)])) == 50
    with pytest.raises(Invalid) as refusal:
        normalise_tags(PATH, [f"tag {number}" for number in range(51)])
    assert refusal.value.code == "TOO_MANY"


def test_custom_fields_may_hold_any_json_within_bounds() -> None:
    fields = {"a": None, "b": True, "c": 2**53 - 1, "d": 1.5, "e": "text", "f": nested(3), "g_1": {"x": [1]}}
    check_custom_fields(PATH, fields)
    check_custom_fields(PATH, {})
    check_custom_fields(PATH, {f"f{number}": 1 for number in range(100)})


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"1a": 1}, "FORMAT"),
        ({"": 1}, "FORMAT"),
        ({"a-b": 1}, "FORMAT"),
        ({"x" * 65: 1}, "FORMAT"),
        ({"a": nested(4)}, "FORMAT"),
        ({"a": nested(500)}, "FORMAT"),
        ({"a": 2**53}, "FORMAT"),
        ({"a": -(10**5000)}, "FORMAT"),
        ({"a": math.nan}, "FORMAT"),
        ({"a": [math.inf]}, "FORMAT"),
        ({"a": "x\x00"}, "FORMAT"),
        ({"a": {"k\x00": 1}}, "FORMAT"),
        ({"a": Decimal(1)}, "FORMAT"),
        ({"a": "ü" * 8200}, "TOO_LONG"),
        ({f"f{number}": 1 for number in range(101)}, "TOO_MANY"),
    ],
)
def test_custom_fields_beyond_the_bounds_are_refused(fields: dict[str, object], code: str) -> None:
    with pytest.raises(Invalid) as refusal:
        check_custom_fields(PATH, fields)
    assert refusal.value.code == code


def test_findings_refuse_with_everything_that_was_found_or_not_at_all() -> None:
    findings = Findings()
    findings.refuse()
    assert findings.of(required_text, ("name",), " x ", 5) == "x"
    assert findings.of(required_text, ("title",), "", 5) is None
    findings.of(normalise_tags, ("tags",), ["", ""])
    findings.add(("other",), "is odd", "MISMATCH")
    with pytest.raises(Invalid) as refusal:
        findings.refuse()
    assert [problem.path for problem in refusal.value.problems] == [
        ("title",),
        ("tags", 0),
        ("tags", 1),
        ("other",),
    ]


@pytest.mark.parametrize("fields", [None, [], "text", 5, True])
def test_custom_fields_are_an_object(fields: object) -> None:
    with pytest.raises(Invalid) as refusal:
        check_custom_fields(PATH, fields)
    assert (refusal.value.path, refusal.value.code) == (PATH, "FORMAT")
