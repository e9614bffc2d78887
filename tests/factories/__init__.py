"""Rows for tests, one module per domain; a factory gives every mandatory column a sensible value."""
