"""Chance that is the same in every run."""

from random import Random


def seeded(seed: float | str) -> Random:
    """A generator that a run with the same seed repeats."""
    return Random(seed)  # noqa: S311  # it makes up examples and orders, never a secret
