"""The limit: the same answers by hand, on asyncpg and orjson in a bare route, with both tenant locks.

Nothing general is left in it: fixed statements, no authentication, no GraphQL, no errors. What a server that plans
operations costs more than this is the price of being one.
"""

import base64
import os
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import asyncpg
import orjson
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from uuid_utils.compat import uuid7

Variables = dict[str, Any]

READ = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; SELECT app.set_tenant('%s')"
WRITE = "BEGIN; SELECT app.set_tenant('%s')"

ONE = "SELECT id::text, title, status, value::text, created_at FROM deals WHERE tenant_id = $1 AND id = $2"
LIST = """
SELECT d.id::text, d.title, d.status, d.value::text, d.currency, d.probability, d.expected_close_on, d.lead_source,
       d.priority, d.created_at, d.updated_at, c.id IS NOT NULL, c.first_name, c.last_name, c.email,
       a.id IS NOT NULL, a.name
FROM (SELECT * FROM deals WHERE tenant_id = $1 ORDER BY created_at DESC, id DESC LIMIT $2) d
LEFT JOIN contacts c ON c.tenant_id = $1 AND c.id = d.contact_id
LEFT JOIN accounts a ON a.tenant_id = $1 AND a.id = d.account_id
ORDER BY d.created_at DESC, d.id DESC
"""
DEALS = """
SELECT d.id::text, d.title, d.status, d.value::text, d.probability, d.expected_close_on, d.created_at,
       c.id IS NOT NULL, c.first_name, c.last_name, c.email
FROM (SELECT * FROM deals WHERE tenant_id = $1 ORDER BY created_at DESC, id DESC LIMIT $2) d
LEFT JOIN contacts c ON c.tenant_id = $1 AND c.id = d.contact_id
ORDER BY d.created_at DESC, d.id DESC
"""
PRODUCTS = """
SELECT p.* FROM unnest($2::uuid[]) AS k(k) CROSS JOIN LATERAL (
  SELECT deal_id::text, id::text, product_name, product_code, quantity::text, unit_price::text, total_price::text
  FROM deal_products WHERE tenant_id = $1 AND deal_id = k.k ORDER BY position, id LIMIT $3
) p
"""
ACTIVITIES = """
SELECT p.*, u.id IS NOT NULL, u.first_name, u.last_name FROM unnest($2::uuid[]) AS k(k) CROSS JOIN LATERAL (
  SELECT deal_id::text, id::text, activity_type, subject, status, created_at, owner_id
  FROM activities WHERE tenant_id = $1 AND deal_id = k.k ORDER BY created_at DESC, id DESC LIMIT $3
) p LEFT JOIN users u ON u.tenant_id = $1 AND u.id = p.owner_id
"""
CALLS = """
SELECT c.id::text, direction, c.status, from_number, to_number, initiated_at, answered_at, ended_at, duration_seconds,
       billable_duration_seconds, cost_amount::text, currency, is_over_limit, has_recording, quality_score,
       sentiment_score, v.id IS NOT NULL, v.name
FROM (SELECT * FROM calls WHERE tenant_id = $1 {beyond} ORDER BY initiated_at DESC, id DESC LIMIT 100) c
LEFT JOIN voice_agents v ON v.tenant_id = $1 AND v.id = c.voice_agent_id
ORDER BY c.initiated_at DESC, c.id DESC
"""
FIRST_CALLS = CALLS.format(beyond="")
NEXT_CALLS = CALLS.format(beyond="AND initiated_at <= $2 AND (initiated_at < $2 OR id < $3)")
GROUPS = """
SELECT d.*, s.name FROM (
  SELECT stage_id, currency, count(*), coalesce(sum(value), 0.00)::text, round(avg(value), 2)::text,
         coalesce(sum(round(value * probability / 100, 2)), 0.00)::text
  FROM deals WHERE tenant_id = $1 GROUP BY stage_id, currency
) d LEFT JOIN pipeline_stages s ON s.tenant_id = $1 AND s.id = d.stage_id ORDER BY d.stage_id, d.currency
"""
OPEN_DEALS = """
SELECT id::text, title, value::text, created_at FROM deals WHERE tenant_id = $1 AND status = 'OPEN'
ORDER BY created_at DESC, id DESC LIMIT $2
"""
OPEN_COUNT = "SELECT count(*) FROM (SELECT id FROM deals WHERE tenant_id = $1 AND status = 'OPEN' LIMIT 10001) d"
LOCK = "SELECT job_title, account_id FROM contacts WHERE tenant_id = $1 AND id = $2 FOR NO KEY UPDATE"
UPDATE = """
UPDATE contacts SET job_title = $3, updated_at = $4, version = version + 1 WHERE tenant_id = $1 AND id = $2
RETURNING id::text, job_title
"""
AUDIT = """
INSERT INTO audit_log_entries (tenant_id, id, created_at, event_id, actor_kind, action, category, object_type,
  object_id, key_subject_id, changed_fields, old_values_encrypted, new_values_encrypted, details, outcome)
VALUES ($1, $2, $3, $4, 'SYSTEM', 'CONTACT_UPDATED', 'DATA_ACCESS', 'Contact', $5, $5, $6, $7, $8, '{}', 'SUCCESS')
"""
APPEND = """
WITH counter AS (
  UPDATE tenant_clock SET last_position = last_position + 1 WHERE tenant_id = $1 RETURNING last_position
)
INSERT INTO events (tenant_id, position, id, type, object_type, object_id, payload, actor_kind, occurred_at)
SELECT $1, last_position, $2, 'CONTACT_UPDATED', 'Contact', $3, $4, 'SYSTEM', $5 FROM counter
"""
CRYPTER = AESGCM(b"k" * 32)


async def one(connection: Any, tenant: str, variables: Variables) -> Any:
    r = await connection.fetchrow(ONE, tenant, variables["id"][5:])
    if r is None:
        return {"deal": None}
    return {"deal": {"id": "deal_" + r[0], "title": r[1], "status": r[2], "value": r[3], "createdAt": r[4]}}


async def deals(connection: Any, tenant: str, variables: Variables) -> Any:
    rows = await connection.fetch(LIST, tenant, variables["size"])
    nodes = [
        {
            "id": "deal_" + r[0],
            "title": r[1],
            "status": r[2],
            "value": r[3],
            "currency": r[4],
            "probability": r[5],
            "expectedCloseOn": r[6],
            "leadSource": r[7],
            "priority": r[8],
            "createdAt": r[9],
            "updatedAt": r[10],
            "contact": {"firstName": r[12], "lastName": r[13], "email": r[14]} if r[11] else None,
            "account": {"name": r[16]} if r[15] else None,
        }
        for r in rows
    ]
    return {"deals": {"nodes": nodes}}


async def nested(connection: Any, tenant: str, variables: Variables) -> Any:
    rows = await connection.fetch(DEALS, tenant, variables["size"])
    ids = [r[0] for r in rows]
    products: dict[str, list[Any]] = {key: [] for key in ids}
    activities: dict[str, list[Any]] = {key: [] for key in ids}
    for p in await connection.fetch(PRODUCTS, tenant, ids, variables["products"]):
        products[p[0]].append(
            {
                "id": "deal_product_" + p[1],
                "productName": p[2],
                "productCode": p[3],
                "quantity": p[4],
                "unitPrice": p[5],
                "totalPrice": p[6],
            }
        )
    for a in await connection.fetch(ACTIVITIES, tenant, ids, variables["activities"]):
        activities[a[0]].append(
            {
                "id": "activity_" + a[1],
                "activityType": a[2],
                "subject": a[3],
                "status": a[4],
                "createdAt": a[5],
                "owner": {"firstName": a[8], "lastName": a[9]} if a[7] else None,
            }
        )
    nodes = [
        {
            "id": "deal_" + r[0],
            "title": r[1],
            "status": r[2],
            "value": r[3],
            "probability": r[4],
            "expectedCloseOn": r[5],
            "createdAt": r[6],
            "contact": {"firstName": r[8], "lastName": r[9], "email": r[10]} if r[7] else None,
            "products": {"nodes": products[r[0]]},
            "activities": {"nodes": activities[r[0]]},
        }
        for r in rows
    ]
    return {"deals": {"nodes": nodes}}


async def wide(connection: Any, tenant: str, variables: Variables) -> Any:
    pages = {"page0": {"nodes": _calls(await connection.fetch(FIRST_CALLS, tenant))}}
    for number in range(1, 5):
        cursor = variables[f"after{number}"]
        _, at, key = orjson.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        rows = await connection.fetch(NEXT_CALLS, tenant, datetime.fromisoformat(at), key)
        pages[f"page{number}"] = {"nodes": _calls(rows)}
    return pages


def _calls(rows: list[Any]) -> list[Any]:
    return [
        {
            "id": "call_" + r[0],
            "direction": r[1],
            "status": r[2],
            "fromNumber": r[3],
            "toNumber": r[4],
            "initiatedAt": r[5],
            "answeredAt": r[6],
            "endedAt": r[7],
            "durationSeconds": r[8],
            "billableDurationSeconds": r[9],
            "costAmount": r[10],
            "currency": r[11],
            "isOverLimit": r[12],
            "hasRecording": r[13],
            "qualityScore": r[14],
            "sentimentScore": r[15],
            "voiceAgent": {"name": r[17]} if r[16] else None,
        }
        for r in rows
    ]


async def groups(connection: Any, tenant: str, _: Variables) -> Any:
    found = [
        {
            "currency": r[1],
            "count": r[2],
            "sum": r[3],
            "average": r[4],
            "weightedSum": r[5],
            "stage": {"name": r[6]},
        }
        for r in await connection.fetch(GROUPS, tenant)
    ]
    return {"dealsAggregate": found}


async def counted(connection: Any, tenant: str, variables: Variables) -> Any:
    size = variables["size"]
    rows = await connection.fetch(OPEN_DEALS, tenant, size + 1)
    count = await connection.fetchval(OPEN_COUNT, tenant)
    nodes = [{"id": "deal_" + r[0], "title": r[1], "value": r[2], "createdAt": r[3]} for r in rows[:size]]
    return {"deals": {"totalCount": count, "pageInfo": {"hasNextPage": len(rows) > size}, "nodes": nodes}}


async def change(connection: Any, tenant: str, variables: Variables) -> Any:
    """The row, its audit entry and its event: all that this server writes, too."""
    key, title, now = UUID(variables["id"][8:]), variables["jobTitle"], datetime.now(UTC)  # noqa: TID251  # no Clock here
    event = uuid7()
    before, account = await connection.fetchrow(LOCK, tenant, key)
    r = await connection.fetchrow(UPDATE, tenant, key, title, now)
    old, new = (_sealed({"job_title": value}, event) for value in (before, title))
    await connection.execute(AUDIT, tenant, uuid7(), now, event, key, ["job_title"], old, new)
    payload = {"changed": ["job_title"], "account_id": account and str(account)}
    await connection.execute(APPEND, tenant, event, key, orjson.dumps(payload).decode(), now)
    return {"contactUpdate": {"contact": {"id": "contact_" + r[0], "jobTitle": r[1]}, "errors": []}}


def _sealed(values: Variables, event: UUID) -> bytes:
    nonce = os.urandom(12)
    return nonce + CRYPTER.encrypt(nonce, orjson.dumps(values), str(event).encode())


ANSWERS: dict[str, Callable[[Any, str, Variables], Awaitable[Any]]] = {
    "One": one,
    "List": deals,
    "Nested": nested,
    "Wide": wide,
    "Groups": groups,
    "Counted": counted,
    "Change": change,
}


def create() -> Starlette:
    """The application; it finds the database by DATABASE_URL, and has as many connections as this server."""
    pool: Any = None

    async def answer(request: Request) -> Response:
        asked = orjson.loads(await request.body())
        name = asked["operationName"]
        tenant = str(UUID(request.headers["x-tenant-id"]))
        connection = await pool.acquire()
        try:
            await connection.execute((WRITE if name == "Change" else READ) % tenant)
            data = await ANSWERS[name](connection, tenant, asked.get("variables") or {})
            await connection.execute("COMMIT")
        finally:
            await pool.release(connection)
        return Response(orjson.dumps({"data": data}, option=orjson.OPT_UTC_Z), media_type="application/json")

    @asynccontextmanager
    async def serving(_: Starlette) -> AsyncIterator[None]:
        nonlocal pool
        size = int(os.environ["POOL_SIZE"])
        pool = await asyncpg.create_pool(os.environ["DATABASE_URL"], min_size=size, max_size=size, reset=_keep)
        yield

    return Starlette(routes=[Route("/graphql", answer, methods=["POST"])], lifespan=serving)


async def _keep(_: Any) -> None:
    """Nothing: a transaction that was committed leaves nothing to reset."""
