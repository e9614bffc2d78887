"""Identity, through the API."""
