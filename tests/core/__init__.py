"""The parts of the core that every read and change goes through, on a real database."""
