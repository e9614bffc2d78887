"""The schema: every domain's queries, mutations and subscriptions under one root each."""

import strawberry
from strawberry.schema import Schema

from gql import (
    access,
    activities,
    callbacks,
    calls,
    contacts,
    deals,
    events,
    insurance_agents,
    integrations,
    organizations,
    policies,
    telephony,
    voice_agents,
    webhooks,
)
from gql.core.errors import ERROR_TYPES
from gql.core.node import NodeQueries
from gql.core.scalars import CONFIG


@strawberry.type(description="Everything that can be read.")
class Query(
    NodeQueries,
    access.AccessQueries,
    activities.ActivityQueries,
    calls.CallQueries,
    contacts.ContactQueries,
    deals.DealQueries,
    callbacks.CallbackQueries,
    events.EventQueries,
    insurance_agents.InsuranceAgentQueries,
    integrations.IntegrationQueries,
    organizations.OrganizationQueries,
    policies.PolicyQueries,
    telephony.TelephonyQueries,
    voice_agents.VoiceAgentQueries,
    webhooks.WebhookQueries,
):
    pass


@strawberry.type(description="Everything that can be changed: each field is one transaction.")
class Mutation(
    access.AccessMutations,
    contacts.ContactMutations,
    deals.DealMutations,
    callbacks.CallbackMutations,
    integrations.IntegrationMutations,
    policies.PolicyMutations,
    webhooks.WebhookMutations,
):
    pass


@strawberry.type(description="Everything that can be followed: each field is a stream from the event log.")
class Subscription(
    calls.CallSubscriptions,
    contacts.ContactSubscriptions,
    deals.DealSubscriptions,
    callbacks.CallbackSubscriptions,
    events.EventSubscriptions,
    policies.PolicySubscriptions,
):
    pass


schema: Schema = strawberry.Schema(
    query=Query, mutation=Mutation, subscription=Subscription, config=CONFIG, types=ERROR_TYPES
)
