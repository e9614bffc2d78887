"""That one tenant sees, changes and points at nothing of another: with both locks, and with each alone."""
