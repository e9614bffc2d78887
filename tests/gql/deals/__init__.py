"""Deals and their pipelines, through the API."""
