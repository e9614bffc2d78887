"""The enumerations of every domain: all that the GraphQL layer may import from the database layer."""

import enum


class Choice(enum.StrEnum):
    """Base of every enumeration: the value is stored as text, and each member carries its description.

    A member is written ``ANSWERED = "ANSWERED", "Somebody answered."``; the class docstring describes the type.
    """

    description: str

    def __new__(cls, value: str, description: str) -> "Choice":
        member = str.__new__(cls, value)
        member._value_ = value
        member.description = description
        return member
