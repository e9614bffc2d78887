"""Batched reads, by domain."""
