"""The operations that are compared, each as this server's clients write it, with the variables of its requests."""

from dataclasses import dataclass
from typing import Any, Final

PAGE: Final = 100  # this server's largest page: 500 rows are five of them
WIDE_PAGES: Final = 5

WIDE_FIELDS: Final = """
  id direction status fromNumber toNumber initiatedAt answeredAt endedAt durationSeconds billableDurationSeconds
  costAmount currency isOverLimit hasRecording qualityScore sentimentScore voiceAgent { name }
"""


@dataclass(frozen=True)
class Operation:
    """A query or mutation under the name by which all servers know it. `title` is for people."""

    name: str
    title: str
    text: str

    @property
    def document(self) -> str:
        """The text in one line, as built clients send it."""
        return " ".join(self.text.split())


def _wide() -> str:
    cursors = ", ".join(f"$after{number}: String!" for number in range(1, WIDE_PAGES))
    pages = [f"page0: calls(first: {PAGE}) {{ nodes {{ {WIDE_FIELDS} }} }}"]
    pages += [
        f"page{number}: calls(first: {PAGE}, after: $after{number}) {{ nodes {{ {WIDE_FIELDS} }} }}"
        for number in range(1, WIDE_PAGES)
    ]
    return f"query Wide({cursors}) {{ {' '.join(pages)} }}"


OPERATIONS: Final = (
    Operation("One", "one deal by id", "query One($id: ID!) { deal(id: $id) { id title status value createdAt } }"),
    Operation(
        "List",
        "50 deals with contact and account",
        """
        query List($size: Int!) { deals(first: $size) { nodes {
          id title status value currency probability expectedCloseOn leadSource priority createdAt updatedAt
          contact { firstName lastName email } account { name }
        } } }
        """,
    ),
    Operation(
        "Nested",
        "20 deals with contact, up to 10 products and 5 activities with owner",
        """
        query Nested($size: Int!, $products: Int!, $activities: Int!) { deals(first: $size) { nodes {
          id title status value probability expectedCloseOn createdAt contact { firstName lastName email }
          products(first: $products) { nodes { id productName productCode quantity unitPrice totalPrice } }
          activities(first: $activities) { nodes {
            id activityType subject status createdAt owner { firstName lastName }
          } }
        } } }
        """,
    ),
    Operation("Wide", "500 calls with voice agent, as five aliased pages of 100", _wide()),
    Operation(
        "Groups",
        "deals summed up by stage",
        "query Groups { dealsAggregate(groupBy: STAGE) { currency count sum average weightedSum stage { name } } }",
    ),
    Operation(
        "Counted",
        "20 open deals with totalCount and pageInfo",
        """
        query Counted($size: Int!) { deals(first: $size, filter: {status: {eq: OPEN}}) {
          totalCount pageInfo { hasNextPage } nodes { id title value createdAt }
        } }
        """,
    ),
    Operation(
        "Change",
        "a contact's job title changed",
        """
        mutation Change($id: ID!, $jobTitle: String!) { contactUpdate(input: {id: $id, jobTitle: $jobTitle}) {
          contact { id jobTitle } errors { code }
        } }
        """,
    ),
)
BY_NAME: Final = {operation.name: operation for operation in OPERATIONS}


@dataclass(frozen=True)
class Keys:
    """What a tenant's requests ask for: ids as UUID texts, and the cursors at which the pages of calls begin."""

    deals: tuple[str, ...]
    contacts: tuple[str, ...]
    after: tuple[str, ...]


def variables_of(operation: str, keys: Keys) -> list[dict[str, Any]]:
    """The variables of one tenant's requests for an operation, in this server's spelling."""
    match operation:
        case "One":
            return [{"id": f"deal_{key}"} for key in keys.deals]
        case "List":
            return [{"size": 50}]
        case "Nested":
            return [{"size": 20, "products": 10, "activities": 5}]
        case "Wide":
            return [{f"after{number}": cursor for number, cursor in enumerate(keys.after, start=1)}]
        case "Counted":
            return [{"size": 20}]
        case "Change":
            titles = ("Manager", "Head of Purchasing")  # in turn, so that each request changes something
            return [{"id": f"contact_{key}", "jobTitle": title} for title in titles for key in keys.contacts]
    return [{}]
