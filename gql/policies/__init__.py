"""What clients see of policies: the types of policies, the policyholders, and the policies themselves."""

from gql.policies.filters import (
    PolicyFilter,
    PolicyholderFilter,
    PolicyholderOrder,
    PolicyOrder,
    PolicyTypeFilter,
    PolicyTypeOrder,
)
from gql.policies.operations import PolicyMutations, PolicyQueries
from gql.policies.subscriptions import PolicySubscriptions
from gql.policies.types import Policy, Policyholder, PolicyType

__all__ = [
    "Policy",
    "PolicyFilter",
    "PolicyMutations",
    "PolicyOrder",
    "PolicyQueries",
    "PolicySubscriptions",
    "PolicyType",
    "PolicyTypeFilter",
    "PolicyTypeOrder",
    "Policyholder",
    "PolicyholderFilter",
    "PolicyholderOrder",
]
