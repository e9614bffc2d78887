"""Subscriptions under faults: real servers on one PostgreSQL, thousands of clients, and everything that breaks."""
