"""What clients see: the schema and its server."""
