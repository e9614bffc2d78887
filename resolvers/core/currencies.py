"""Currencies: those of ISO 4217 in which amounts of money are counted."""

from iso4217 import Currency

from resolvers.rules import Invalid


def minor_digits(code: str, path: tuple[str | int, ...] = ("currency",)) -> int:
    """How many digits the currency's minor unit has: 2 for INR, 0 for JPY, 3 for KWD.

    Raises Invalid unless the code is that of a currency in use, in capital letters. ISO 4217 also lists
    metals, units of account and codes for testing: they have no minor unit, and nobody pays in them.
    """
    exponent: int | None
    try:
        exponent = Currency(code).exponent
    except ValueError:
        exponent = None
    if exponent is None:
        raise Invalid(path, "must be a currency of ISO 4217, such as INR", "UNKNOWN")
    return exponent
