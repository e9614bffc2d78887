"""Webhooks as they arrive: at real receivers, from workers in this process and in others."""
