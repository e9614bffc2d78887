"""Subscriptions, over a real server with real sockets and real commits."""
