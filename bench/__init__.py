"""The benchmark: this server beside the hand-written limit and other servers, on the same data."""
