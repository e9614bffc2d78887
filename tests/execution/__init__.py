"""Tests of how operations run: the plan against graphql-core, the caches, what falls back, and which indexes serve."""
