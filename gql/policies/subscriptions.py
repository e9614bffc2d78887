"""Following policies live: what happens to them, as it happens."""

from typing import Annotated

import strawberry

from db.enums import policies as enums
from db.enums.events import EventType
from gql.core.messages import Change, Gap, Reconnect, Removal, SnapshotEnd, SnapshotItem
from gql.core.subscriptions import followed, subscription
from gql.policies.types import Policy
from resolvers.events import OBJECT_ID, Current
from resolvers.loaders import policies as loaders


@strawberry.input(description="Which policies to follow: all that is given must hold.")
class PolicyChangedFilter:
    policy_ids: list[strawberry.ID] | None = followed("One of these policies.", of=OBJECT_ID, id_of="Policy")
    policyholder_id: strawberry.ID | None = followed("It is this policyholder's.", id_of="Policyholder")
    contact_id: strawberry.ID | None = followed("It is this person's.", id_of="Contact")
    insurance_agent_id: strawberry.ID | None = followed("This insurance agent sold it.", id_of="InsuranceAgent")
    provider_id: strawberry.ID | None = followed("This provider carries it.", id_of="InsuranceProvider")
    policy_type_id: strawberry.ID | None = followed("It is of this type.", id_of="PolicyType")
    statuses: list[enums.PolicyStatus] | None = followed("It has one of these statuses.", of="status")
    payment_statuses: list[enums.PolicyPaymentStatus] | None = followed(
        "Its premiums are in one of these states.", of="payment_status"
    )


@strawberry.type(description="A policy of the list with which the stream begins.")
class PolicySnapshotItem(SnapshotItem[Policy]):
    pass


@strawberry.type(description="Something happened to a policy that the stream follows.")
class PolicyChange(Change[Policy, enums.PolicyStatus]):
    pass


@strawberry.type(description="A policy no longer matches the filter: take it off the list.")
class PolicyRemoval(Removal):
    pass


PolicyChanged = Annotated[
    PolicySnapshotItem | SnapshotEnd | PolicyChange | PolicyRemoval | Gap | Reconnect,
    strawberry.union("PolicyChanged", description="A message of `policyChanged`."),
]


@strawberry.type
class PolicySubscriptions:
    policy_changed: PolicyChanged = subscription(
        loaders.policy_by_id,
        "Whatever happens to policies, in the order of the log.",
        events=(EventType.POLICY_CREATED, EventType.POLICY_STATUS_CHANGED),
        current=Current(loaders.policies, {"contact_id": loaders.POLICIES_OF_CONTACTS}),
        permission="policy:read",
        status=enums.PolicyStatus,
        filter=PolicyChangedFilter,
    )
