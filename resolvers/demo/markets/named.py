"""People and streets of the markets whose names mimesis knows."""

from collections.abc import Callable
from functools import cache
from random import Random
from typing import Final

import mimesis
from mimesis.enums import Gender
from mimesis.locales import Locale

from resolvers.demo.markets import Person

_NAMES: Final = 120  # drawn once: asking mimesis for each of thousands of people takes seconds


def people(locale: str) -> Callable[[Random], Person]:
    """Draws names of a locale of mimesis."""

    def draw(rng: Random) -> Person:
        women, men, families = _names(locale)
        gender = rng.choice(("FEMALE", "MALE"))
        return Person(rng.choice(women if gender == "FEMALE" else men), rng.choice(families), gender)

    return draw


def streets(locale: str, line: Callable[[str, Random], str]) -> Callable[[Random], str]:
    """Draws address lines: `line` puts a number to a street's name."""
    return lambda rng: line(rng.choice(_streets(locale)), rng)


@cache
def _names(locale: str) -> tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]:
    """Women's and men's first names, and family names."""
    source = mimesis.Person(Locale(locale), seed=locale)
    return (
        _some(lambda: source.first_name(Gender.FEMALE)),
        _some(lambda: source.first_name(Gender.MALE)),
        _some(source.last_name),
    )


@cache
def _streets(locale: str) -> tuple[str, ...]:
    source = mimesis.Address(Locale(locale), seed=locale)
    if locale == "de":
        return tuple(name for name in _some(source.street_name) if not name.startswith("Kolonie"))
    return _some(lambda: f"{source.street_name()} {source.street_suffix()}")


def _some(draw: Callable[[], str]) -> tuple[str, ...]:
    """Different words, in the order in which they were drawn."""
    return tuple(dict.fromkeys(draw() for _ in range(_NAMES)))
