"""What clients see of contacts: the persons and companies that a tenant deals with."""

from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Annotated, Any

import strawberry
from strawberry.scalars import JSON

from db.enums import Choice
from db.enums import contacts as enums
from db.enums.events import EventType
from gql.core.arguments import OrderBy, filter_type, lazy, where
from gql.core.connections import Connection, connection, root_connection
from gql.core.enums import enum_type, register
from gql.core.fields import column, computed, to_one
from gql.core.filters import (
    DateTimeFilter,
    EnumFilter,
    IdFilter,
    IntFilter,
    StringFilter,
    StringListFilter,
)
from gql.core.messages import Change, Gap, Reconnect, Removal, SnapshotEnd, SnapshotItem
from gql.core.mutations import (
    MutationPayload,
    affected,
    expected_version,
    given,
    idempotency_key,
    mutation,
    payload_type,
    required,
)
from gql.core.node import Node, object_type, root_one
from gql.core.subscriptions import followed, subscription
from resolvers import contacts as actions
from resolvers.events import OBJECT_ID, Current
from resolvers.loaders import access as access_loaders
from resolvers.loaders import activities as activity_loaders
from resolvers.loaders import callbacks as callback_loaders
from resolvers.loaders import calls as call_loaders
from resolvers.loaders import contacts as loaders
from resolvers.loaders import deals as deal_loaders
from resolvers.loaders import policies as policy_loaders
from resolvers.rules import contacts as rules

if TYPE_CHECKING:
    from gql.access import User
    from gql.activities import Activity
    from gql.callbacks import CallbackRequest
    from gql.calls import Call
    from gql.deals import Deal
    from gql.policies import Policy, Policyholder

register(enums)


@enum_type
class ContactOrderField(Choice):
    """What contacts can be ordered by."""

    CREATED_AT = "CREATED_AT", "When the contact was created."
    UPDATED_AT = "UPDATED_AT", "When the contact was last changed."
    LEAD_SCORE = "LEAD_SCORE", "How promising the contact is."


@strawberry.input(description="An order of contacts.")
class ContactOrder(OrderBy[ContactOrderField]):
    pass


@filter_type("Which contacts to list: all given conditions hold.")
class ContactFilter:
    status: EnumFilter[enums.ContactStatus] | None = where("Whether the tenant still deals with the person.")
    customer_value: EnumFilter[enums.CustomerValue] | None = where("How much the customer is worth.")
    email: StringFilter | None = where("The e-mail address, in lower case. Needs `contact:pii:read`.")
    phone: StringFilter | None = where("The telephone number, in E.164. Needs `contact:pii:read`.")
    mobile: StringFilter | None = where("The mobile number, in E.164. Needs `contact:pii:read`.")
    first_name: StringFilter | None = where("The given name.")
    last_name: StringFilter | None = where("The family name.")
    company: StringFilter | None = where("The company as the person names it.")
    city: StringFilter | None = where("The city.")
    country: StringFilter | None = where("The country, in ISO 3166 alpha-2.")
    tags: StringListFilter | None = where("The tags.")
    lead_score: IntFilter | None = where("How promising the contact is.")
    account_id: IdFilter | None = where("The company's record.", id_of="Account")
    owner_id: IdFilter | None = where("The user who looks after the contact.", id_of="User")
    created_at: DateTimeFilter | None = where("When the contact was created.")
    updated_at: DateTimeFilter | None = where("When the contact was last changed.")
    last_activity_at: DateTimeFilter | None = where("When something last happened with the contact.")


def _personal(description: str) -> Any:
    return column(description, permission="contact:pii:read")


@object_type(loaders.contact_by_id, permission="contact:read", description="A person whom the tenant deals with.")
class Contact(Node):
    external_id: str | None = column("The person's id in the tenant's own system.")
    first_name: str | None = column("The given name.")
    last_name: str | None = column("The family name.")
    full_name: str | None = computed(
        lambda _, contact: rules.full_name(contact.first_name, contact.last_name),
        ("first_name", "last_name"),
        "Given and family name, or the one that is known.",
    )
    email: str | None = _personal("The e-mail address, in lower case.")
    phone: str | None = _personal("The telephone number, in E.164: calls find their contact by it.")
    mobile: str | None = _personal("The mobile number, in E.164: calls find their contact by it.")
    company: str | None = column("The company as the person names it; `account` is the tenant's record of one.")
    job_title: str | None = column("The person's position.")
    department_name: str | None = column("The person's department in the company.")
    born_on: date | None = _personal("The date of birth.")
    gender: str | None = _personal("The gender as the person states it.")
    address_line1: str | None = _personal("Street and number.")
    address_line2: str | None = _personal("What else the address needs.")
    city: str | None = column("The city.")
    state: str | None = column("The state or province.")
    postal_code: str | None = _personal("The postal code.")
    country: str | None = column("The country, in ISO 3166 alpha-2.")
    social_profiles: JSON | None = _personal("Addresses in social networks, by network.")
    custom_fields: JSON = column("Values of the tenant's own fields, by name.")
    tags: list[str] = column("The tenant's labels.")
    notes: str | None = column("Free text.")
    preferred_contact_method: enums.ContactMethod = column("The way in which the person wants to be reached.")
    timezone: str = column("The person's time zone, an IANA name.")
    locale: str = column("The person's language and region, a BCP 47 tag.")
    status: enums.ContactStatus = column("Whether the tenant still deals with the person.")
    risk_profile: enums.RiskProfile | None = column("How much risk the person means for the insurer.")
    customer_value: enums.CustomerValue = column("How much the customer is worth.")
    lead_score: int = column("How promising the contact is, 0 to 100.")
    deal_count: int = column("How many deals there are with the person.")
    open_deal_count: int = column("How many of them are open.")
    won_deal_count: int = column("How many of them were won.")
    total_deal_value: JSON = column("The value of all deals: a decimal as text by ISO 4217 currency.")
    won_deal_value: JSON = column("The value of the deals won: a decimal as text by ISO 4217 currency.")
    last_contacted_at: datetime | None = column("When the tenant last spoke or wrote to the person.")
    last_activity_at: datetime | None = column("When something last happened with the person.")
    next_activity_at: datetime | None = column("When the next activity is due.")
    is_anonymised: bool = column("Whether the personal data were erased.")
    anonymised_at: datetime | None = column("When the personal data were erased.")
    account: Annotated["Account", strawberry.lazy("gql.contacts")] | None = to_one(
        loaders.account_by_id, "account_id", "The company that the person belongs to."
    )
    owner: Annotated["User", strawberry.lazy("gql.access")] | None = to_one(
        access_loaders.user_by_id, "owner_id", "The user who looks after the contact."
    )
    created_by: Annotated["User", strawberry.lazy("gql.access")] | None = to_one(
        access_loaders.user_by_id, "created_by_id", "The user who created the contact; none when a program did."
    )
    updated_by: Annotated["User", strawberry.lazy("gql.access")] | None = to_one(
        access_loaders.user_by_id, "updated_by_id", "The user who changed the contact last; none when a program did."
    )
    policyholder: Annotated["Policyholder", strawberry.lazy("gql.policies")] | None = to_one(
        policy_loaders.policyholder_by_contact, "id", "The person's insurance profile."
    )
    policies: Connection[Annotated["Policy", strawberry.lazy("gql.policies")]] = connection(
        policy_loaders.policies_by_contact,
        "The insurance policies that the person holds.",
        filter=lazy("PolicyFilter", "gql.policies"),
        order_by=lazy("PolicyOrder", "gql.policies"),
    )
    deals: Connection[Annotated["Deal", strawberry.lazy("gql.deals")]] = connection(
        deal_loaders.deals_by_contact,
        "The deals with the person.",
        filter=lazy("DealFilter", "gql.deals"),
        order_by=lazy("DealOrder", "gql.deals"),
    )
    calls: Connection[Annotated["Call", strawberry.lazy("gql.calls")]] = connection(
        call_loaders.calls_by_contact,
        "The telephone calls with the person.",
        filter=lazy("CallFilter", "gql.calls"),
        order_by=lazy("CallOrder", "gql.calls"),
    )
    callback_requests: Connection[Annotated["CallbackRequest", strawberry.lazy("gql.callbacks")]] = connection(
        callback_loaders.callback_requests_by_contact,
        "The promises to call the person back.",
        filter=lazy("CallbackRequestFilter", "gql.callbacks"),
        order_by=lazy("CallbackRequestOrder", "gql.callbacks"),
    )
    activities: Connection[Annotated["Activity", strawberry.lazy("gql.activities")]] = connection(
        activity_loaders.activities_by_contact,
        "What was done and is to be done with the person.",
        filter=lazy("ActivityFilter", "gql.activities"),
        order_by=lazy("ActivityOrder", "gql.activities"),
    )
    created_at: datetime = column("When the contact was created.")
    updated_at: datetime = column("When the contact was last changed.")
    version: int = column("Counts the changes: pass it as `expectedVersion`.")


@enum_type
class AccountOrderField(Choice):
    """What accounts can be ordered by."""

    CREATED_AT = "CREATED_AT", "When the account was created."
    UPDATED_AT = "UPDATED_AT", "When the account was last changed."
    NAME = "NAME", "The company's name."


@strawberry.input(description="An order of accounts.")
class AccountOrder(OrderBy[AccountOrderField]):
    pass


@filter_type("Which accounts to list: all given conditions hold.")
class AccountFilter:
    status: EnumFilter[enums.AccountStatus] | None = where("Whether the tenant still deals with the company.")
    account_type: EnumFilter[enums.AccountType] | None = where("What the company is to the tenant.")
    priority: EnumFilter[enums.AccountPriority] | None = where("How much attention the company gets.")
    name: StringFilter | None = where("The company's name.")
    industry: StringFilter | None = where("The industry.")
    tags: StringListFilter | None = where("The tags.")
    owner_id: IdFilter | None = where("The user who looks after the account.", id_of="User")
    parent_account_id: IdFilter | None = where("The company that it belongs to.", id_of="Account")
    created_at: DateTimeFilter | None = where("When the account was created.")


@object_type(loaders.account_by_id, permission="account:read", description="A company that the tenant deals with.")
class Account(Node):
    name: str = column("The company's name.")
    account_number: str | None = column("The tenant's own number of the account.")
    account_type: enums.AccountType = column("What the company is to the tenant.")
    industry: str | None = column("The industry.")
    sub_industry: str | None = column("The branch of the industry.")
    website: str | None = column("The address of the web site.")
    description: str | None = column("Free text about the company.")
    annual_revenue: Decimal | None = column("A year's revenue, in `currency`.")
    currency: str | None = column("The currency of the revenue, in ISO 4217.")
    employee_count: int | None = column("How many people work there.")
    founded_year: int | None = column("The year of foundation.")
    stock_symbol: str | None = column("The ticker symbol.")
    billing_address: JSON = column("The billing address: line1, line2, city, state, postal_code, country.")
    shipping_address: JSON = column("The delivery address, in the same form.")
    phone: str | None = column("The telephone number, in E.164.")
    fax: str | None = column("The fax number.")
    email: str | None = column("The e-mail address, in lower case.")
    social_profiles: JSON = column("Addresses in social networks, by network.")
    custom_fields: JSON = column("Values of the tenant's own fields, by name.")
    tags: list[str] = column("The tenant's labels.")
    status: enums.AccountStatus = column("Whether the tenant still deals with the company.")
    priority: enums.AccountPriority = column("How much attention the company gets.")
    health_score: int = column("From 0, about to leave, to 100.")
    last_activity_at: datetime | None = column("When something last happened with the company.")
    next_activity_at: datetime | None = column("When the next activity is due.")
    parent_account: Annotated["Account", strawberry.lazy("gql.contacts")] | None = to_one(
        loaders.account_by_id, "parent_account_id", "The company that this one belongs to."
    )
    child_accounts: Connection[Annotated["Account", strawberry.lazy("gql.contacts")]] = connection(
        loaders.accounts_by_parent,
        "The companies that belong to this one.",
        filter=AccountFilter,
        order_by=AccountOrder,
    )
    contacts: Connection[Contact] = connection(
        loaders.contacts_by_account, "The persons of the company.", filter=ContactFilter, order_by=ContactOrder
    )
    owner: Annotated["User", strawberry.lazy("gql.access")] | None = to_one(
        access_loaders.user_by_id, "owner_id", "The user who looks after the account."
    )
    account_manager: Annotated["User", strawberry.lazy("gql.access")] | None = to_one(
        access_loaders.user_by_id, "account_manager_id", "The user who manages the relation to the company."
    )
    created_by: Annotated["User", strawberry.lazy("gql.access")] | None = to_one(
        access_loaders.user_by_id, "created_by_id", "The user who created the account; none when a program did."
    )
    updated_by: Annotated["User", strawberry.lazy("gql.access")] | None = to_one(
        access_loaders.user_by_id, "updated_by_id", "The user who changed the account last; none when a program did."
    )
    deals: Connection[Annotated["Deal", strawberry.lazy("gql.deals")]] = connection(
        deal_loaders.deals_by_account,
        "The deals with the company.",
        filter=lazy("DealFilter", "gql.deals"),
        order_by=lazy("DealOrder", "gql.deals"),
    )
    activities: Connection[Annotated["Activity", strawberry.lazy("gql.activities")]] = connection(
        activity_loaders.activities_by_account,
        "What was done and is to be done with the company.",
        filter=lazy("ActivityFilter", "gql.activities"),
        order_by=lazy("ActivityOrder", "gql.activities"),
    )
    created_at: datetime = column("When the account was created.")
    updated_at: datetime = column("When the account was last changed.")
    version: int = column("Counts the changes: pass it as `expectedVersion`.")


@strawberry.type
class ContactQueries:
    contact: Contact | None = root_one(loaders.contact_by_id, "Contact", permission="contact:read")
    contacts: Connection[Contact] = root_connection(
        loaders.contacts,
        "The tenant's contacts.",
        permission="contact:read",
        filter=ContactFilter,
        order_by=ContactOrder,
    )
    account: Account | None = root_one(loaders.account_by_id, "Account", permission="account:read")
    accounts: Connection[Account] = root_connection(
        loaders.accounts,
        "The tenant's accounts.",
        permission="account:read",
        filter=AccountFilter,
        order_by=AccountOrder,
    )


@strawberry.input(description="A contact to create: a first or a last name at least.")
class ContactCreateInput:
    external_id: str | None = given("The person's id in the tenant's own system.")
    first_name: str | None = given("The given name, at most 100 characters.")
    last_name: str | None = given("The family name, at most 100 characters.")
    email: str | None = given("The e-mail address.")
    phone: str | None = given("The telephone number: with its country code, or one of `country`.")
    mobile: str | None = given("The mobile number: with its country code, or one of `country`.")
    company: str | None = given("The company as the person names it, at most 200 characters.")
    job_title: str | None = given("The person's position, at most 150 characters.")
    department_name: str | None = given("The person's department, at most 100 characters.")
    born_on: date | None = given("The date of birth.")
    gender: str | None = given("The gender as the person states it, at most 50 characters.")
    address_line1: str | None = given("Street and number.")
    address_line2: str | None = given("What else the address needs.")
    city: str | None = given("The city.")
    state: str | None = given("The state or province.")
    postal_code: str | None = given("The postal code.")
    country: str | None = given("The country, in ISO 3166 alpha-2.")
    notes: str | None = given("Free text, at most 10,000 characters.")
    tags: list[str] | None = given("Labels, at most 50 of at most 50 characters.")
    social_profiles: JSON | None = given("Addresses in social networks, by network.")
    custom_fields: JSON | None = given("Values of the tenant's own fields, by name.")
    preferred_contact_method: enums.ContactMethod | None = given("The way in which the person wants to be reached.")
    timezone: str | None = given("The person's time zone, an IANA name.")
    locale: str | None = given("The person's language and region, a BCP 47 tag such as `en-IN`.")
    risk_profile: enums.RiskProfile | None = given("How much risk the person means for the insurer.")
    customer_value: enums.CustomerValue | None = given("How much the customer is worth.")
    account_id: strawberry.ID | None = given("The company that the person belongs to.", id_of="Account")
    owner_id: strawberry.ID | None = given("The user who looks after the contact.", id_of="User")
    idempotency_key: str | None = idempotency_key()


@strawberry.input(description="Changes to a contact: what is left out stays, null clears.")
class ContactUpdateInput:
    id: strawberry.ID = required("The contact.", id_of="Contact")
    external_id: str | None = given("The person's id in the tenant's own system.")
    first_name: str | None = given("The given name, at most 100 characters.")
    last_name: str | None = given("The family name, at most 100 characters.")
    email: str | None = given("The e-mail address.")
    phone: str | None = given("The telephone number: with its country code, or one of `country`.")
    mobile: str | None = given("The mobile number: with its country code, or one of `country`.")
    company: str | None = given("The company as the person names it, at most 200 characters.")
    job_title: str | None = given("The person's position, at most 150 characters.")
    department_name: str | None = given("The person's department, at most 100 characters.")
    born_on: date | None = given("The date of birth.")
    gender: str | None = given("The gender as the person states it, at most 50 characters.")
    address_line1: str | None = given("Street and number.")
    address_line2: str | None = given("What else the address needs.")
    city: str | None = given("The city.")
    state: str | None = given("The state or province.")
    postal_code: str | None = given("The postal code.")
    country: str | None = given("The country, in ISO 3166 alpha-2.")
    notes: str | None = given("Free text, at most 10,000 characters.")
    tags: list[str] | None = given("Labels, at most 50 of at most 50 characters.")
    social_profiles: JSON | None = given("Addresses in social networks, by network.")
    custom_fields: JSON | None = given("Values of the tenant's own fields, by name.")
    preferred_contact_method: enums.ContactMethod | None = given("The way in which the person wants to be reached.")
    timezone: str | None = given("The person's time zone, an IANA name.")
    locale: str | None = given("The person's language and region, a BCP 47 tag such as `en-IN`.")
    risk_profile: enums.RiskProfile | None = given("How much risk the person means for the insurer.")
    customer_value: enums.CustomerValue | None = given("How much the customer is worth.")
    status: enums.ContactStatus | None = given("Whether the tenant still deals with the person.")
    account_id: strawberry.ID | None = given("The company that the person belongs to.", id_of="Account")
    owner_id: strawberry.ID | None = given("The user who looks after the contact.", id_of="User")
    expected_version: int | None = expected_version()
    idempotency_key: str | None = idempotency_key()


@payload_type("What `contactCreate` answers.")
class ContactCreatePayload(MutationPayload):
    contact: Contact | None = affected(loaders.contact_by_id, "contact", "The new contact.")


@payload_type("What `contactUpdate` answers.")
class ContactUpdatePayload(MutationPayload):
    contact: Contact | None = affected(loaders.contact_by_id, "contact", "The contact as it is now.")


@strawberry.type
class ContactMutations:
    contact_create: ContactCreatePayload = mutation(
        actions.create_contact, ContactCreateInput, "Create a contact.", permission="contact:write"
    )
    contact_update: ContactUpdatePayload = mutation(
        actions.update_contact, ContactUpdateInput, "Change a contact.", permission="contact:write"
    )


@strawberry.input(description="Which contacts to follow: all that is given must hold.")
class ContactChangedFilter:
    contact_ids: list[strawberry.ID] | None = followed("One of these contacts.", of=OBJECT_ID, id_of="Contact")
    account_id: strawberry.ID | None = followed("The person belongs to this company.", id_of="Account")
    owner_id: strawberry.ID | None = followed("This user looks after the contact.", id_of="User")
    statuses: list[enums.ContactStatus] | None = followed("The contact has one of these statuses.", of="status")
    customer_values: list[enums.CustomerValue] | None = followed(
        "The customer is worth one of these.", of="customer_value"
    )


@strawberry.type(description="A contact of the list with which the stream begins.")
class ContactSnapshotItem(SnapshotItem[Contact]):
    pass


@strawberry.type(description="Something happened to a contact that the stream follows.")
class ContactChange(Change[Contact, enums.ContactStatus]):
    pass


@strawberry.type(description="A contact no longer matches the filter: take it off the list.")
class ContactRemoval(Removal):
    pass


ContactChanged = Annotated[
    ContactSnapshotItem | SnapshotEnd | ContactChange | ContactRemoval | Gap | Reconnect,
    strawberry.union("ContactChanged", description="A message of `contactChanged`."),
]


@strawberry.type
class ContactSubscriptions:
    contact_changed: ContactChanged = subscription(
        loaders.contact_by_id,
        "Whatever happens to contacts, in the order of the log; the figures of their deals are told by `dealChanged`.",
        events=(EventType.CONTACT_CREATED, EventType.CONTACT_UPDATED),
        current=Current(loaders.contacts),
        permission="contact:read",
        status=enums.ContactStatus,
        filter=ContactChangedFilter,
    )
