"""From credentials to viewers."""
