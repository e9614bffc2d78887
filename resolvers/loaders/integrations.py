"""Batched reads of the connections to outside systems."""

from db import integrations as rows
from resolvers.core.loaders import ById
from resolvers.core.pagination import Listing

integration_by_id = ById(rows.Integration)

integrations = Listing(
    rows.Integration,
    orders={
        "CREATED_AT": rows.Integration.created_at,
        "NAME": rows.Integration.name,
    },
    default_order="NAME",
    filters={
        "kind": rows.Integration.kind,
        "status": rows.Integration.status,
        "provider": rows.Integration.provider,
        "name": rows.Integration.name,
        "account_identifier": rows.Integration.account_identifier,
        "created_at": rows.Integration.created_at,
        "last_event_at": rows.Integration.last_event_at,
    },
    is_searchable=True,
)
