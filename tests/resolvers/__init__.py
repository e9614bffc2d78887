"""Tests of what happens: actions, and what holds when many of them happen at once."""
