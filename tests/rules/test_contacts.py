"""What a contact must be."""

from typing import Any

import pytest

from resolvers.rules import Invalid
from resolvers.rules.contacts import LENGTHS, ContactDraft, full_name, normalise


def test_a_contact_is_stored_tidied() -> None:
    draft = ContactDraft(
        first_name="  Asha ",
        last_name=" ",
        email=" Asha@Example.IN",
        phone=" +919812345678 ",
        country="in",
        notes="\n",
        tags=[" VIP", "vip"],
        custom_fields={"segment": "retail"},
    )
    assert normalise(draft) == ContactDraft(
        first_name="Asha",
        email="asha@example.in",
        phone="+919812345678",
        country="IN",
        tags=["VIP"],
        custom_fields={"segment": "retail"},
    )


@pytest.mark.parametrize("draft", [ContactDraft(first_name="Asha"), ContactDraft(last_name="Rao")])
def test_one_of_the_two_names_is_enough(draft: ContactDraft) -> None:
    normalise(draft)


@pytest.mark.parametrize(
    "draft", [ContactDraft(), ContactDraft(first_name=" ", email="asha@example.in", phone="+919812345678")]
)
def test_without_any_name_there_is_no_contact(draft: ContactDraft) -> None:
    with pytest.raises(Invalid) as refusal:
        normalise(draft)
    assert (refusal.value.path, refusal.value.code) == (("first_name",), "REQUIRED")


def test_a_name_that_is_too_long_is_not_also_missing() -> None:
    with pytest.raises(Invalid) as refusal:
        normalise(ContactDraft(first_name="x" * 101))
    assert [problem.code for problem in refusal.value.problems] == ["TOO_LONG"]


@pytest.mark.parametrize("name", LENGTHS)
def test_each_text_has_its_greatest_length(name: str) -> None:
    values: dict[str, Any] = {"last_name": "Rao", name: "x" * (LENGTHS[name] + 1)}
    with pytest.raises(Invalid) as refusal:
        normalise(ContactDraft(**values))
    assert (refusal.value.path, refusal.value.code) == ((name,), "TOO_LONG")


def test_all_that_is_wrong_is_said_at_once() -> None:
    draft = ContactDraft(email="no", country="1N", tags=[""], custom_fields={"a b": 1})
    with pytest.raises(Invalid) as refusal:
        normalise(draft)
    assert [problem.path for problem in refusal.value.problems] == [
        ("first_name",),
        ("country",),
        ("email",),
        ("tags", 0),
        ("custom_fields", "a b"),
    ]


def test_the_full_name_has_what_there_is() -> None:
    assert full_name("Asha", "Rao") == "Asha Rao"
    assert full_name(None, "Rao") == "Rao"
    assert full_name("Asha", None) == "Asha"
    assert full_name(None, None) is None
