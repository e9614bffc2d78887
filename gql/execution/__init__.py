"""From the text of an operation to its answer."""
