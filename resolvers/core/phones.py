"""Telephone numbers in E.164, the one spelling that is stored and matched."""

from typing import Final

import phonenumbers

from resolvers.rules import Invalid

LONGEST: Final = 16  # the plus sign and the 15 digits of E.164; some countries' plans alone would allow more


def to_e164(number: str, region: str | None = None, path: tuple[str, ...] = ("number",)) -> str:
    """The number in E.164. Without a leading + it is read as one of the region (ISO 3166). Raises Invalid."""
    try:
        parsed = phonenumbers.parse(number, region)
    except phonenumbers.NumberParseException as error:
        raise Invalid(
            path, "must be a telephone number with its country code, such as +912212345678", "FORMAT"
        ) from error
    written = phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)
    if not phonenumbers.is_possible_number(parsed) or len(written) > LONGEST:
        raise Invalid(path, "must be a telephone number that can exist", "FORMAT")
    return written
