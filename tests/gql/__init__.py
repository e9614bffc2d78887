"""Features, through the API."""
