"""Batched reads of the viewer's own organization and tenant: no id leads to another one.

These tables have no tenant to lock them by. So the sources themselves name the tenant of the transaction, as
the row-level security of the other tables does: whatever ids a client gives, and whoever builds the statement.
"""

from sqlalchemy import Uuid, literal_column, select

from db import organizations as rows
from resolvers.core.loaders import ByUnique

_OWN_TENANT = literal_column("nullif(current_setting('app.tenant_id', true), '')::uuid", Uuid())
_OWN_ORGANIZATION = select(rows.Tenant.organization_id).where(rows.Tenant.id == _OWN_TENANT).scalar_subquery()

tenant_by_id = ByUnique(rows.Tenant, rows.Tenant.id, rows.Tenant.id == _OWN_TENANT)
organization_by_id = ByUnique(rows.Organization, rows.Organization.id, rows.Organization.id == _OWN_ORGANIZATION)
