"""Batched reads of contacts and accounts."""

from db import contacts as rows
from resolvers.core.loaders import ById
from resolvers.core.pagination import SEARCH, Listing, PagesBy

contact_by_id = ById(rows.Contact)
account_by_id = ById(rows.Account)

contacts = Listing(
    rows.Contact,
    orders={
        "CREATED_AT": rows.Contact.created_at,
        "UPDATED_AT": rows.Contact.updated_at,
        "LEAD_SCORE": rows.Contact.lead_score,
    },
    default_order="CREATED_AT",
    is_default_descending=True,
    filters={
        "status": rows.Contact.status,
        "email": rows.Contact.email,
        "phone": rows.Contact.phone,
        "mobile": rows.Contact.mobile,
        "first_name": rows.Contact.first_name,
        "last_name": rows.Contact.last_name,
        "company": rows.Contact.company,
        "city": rows.Contact.city,
        "country": rows.Contact.country,
        "tags": rows.Contact.tags,
        "customer_value": rows.Contact.customer_value,
        "lead_score": rows.Contact.lead_score,
        "account_id": rows.Contact.account_id,
        "owner_id": rows.Contact.owner_id,
        "created_at": rows.Contact.created_at,
        "updated_at": rows.Contact.updated_at,
        "last_activity_at": rows.Contact.last_activity_at,
    },
    is_searchable=True,
    guarded=dict.fromkeys(("email", "phone", "mobile", SEARCH), "contact:pii:read"),
)

accounts = Listing(
    rows.Account,
    orders={
        "CREATED_AT": rows.Account.created_at,
        "UPDATED_AT": rows.Account.updated_at,
        "NAME": rows.Account.name,
    },
    default_order="NAME",
    filters={
        "status": rows.Account.status,
        "account_type": rows.Account.account_type,
        "priority": rows.Account.priority,
        "name": rows.Account.name,
        "industry": rows.Account.industry,
        "tags": rows.Account.tags,
        "owner_id": rows.Account.owner_id,
        "parent_account_id": rows.Account.parent_account_id,
        "created_at": rows.Account.created_at,
    },
    is_searchable=True,
)

contacts_by_account = PagesBy(contacts, lambda key: rows.Contact.account_id == key)
contacts_by_owner = PagesBy(contacts, lambda key: rows.Contact.owner_id == key)
accounts_by_owner = PagesBy(accounts, lambda key: rows.Account.owner_id == key)
accounts_by_parent = PagesBy(accounts, lambda key: rows.Account.parent_account_id == key)
