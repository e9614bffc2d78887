"""Plain Strawberry: resolvers on the ORM, an aiodataloader per relation, caches of documents, as its guide shows.

It has the tenant lock of the database alone, and resolves field by field on graphql-core.
"""

import asyncio
import base64
import enum
import json
import os
import uuid
from collections import defaultdict
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import strawberry
from aiodataloader import DataLoader
from sqlalchemy import func, select, text
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine
from starlette.applications import Starlette
from starlette.types import ASGIApp, Receive, Scope, Send
from strawberry.asgi import GraphQL
from strawberry.extensions import ParserCache, ValidationCache

import db.all  # noqa: F401  # a foreign key is found when all tables are there
from db import access, activities, calls, contacts, deals, voice_agents
from db.core.url import asyncpg_url

SET_TENANT = text("SELECT app.set_tenant(:tenant)")


class Requested:
    """One request: its session, which takes one statement at a time, and its loaders."""

    def __init__(self, session: AsyncSession) -> None:
        self.session = session
        self.lock = asyncio.Lock()
        self.contacts = ById(self, contacts.Contact)
        self.accounts = ById(self, contacts.Account)
        self.users = ById(self, access.User)
        self.voice_agents = ById(self, voice_agents.VoiceAgent)
        self.products = ByDeal(self, deals.DealProduct, (deals.DealProduct.position, deals.DealProduct.id))
        newest = (activities.Activity.created_at.desc(), activities.Activity.id.desc())
        self.activities = ByDeal(self, activities.Activity, newest)

    async def all(self, statement: Any) -> Sequence[Any]:
        """The rows of a statement."""
        async with self.lock:
            return (await self.session.scalars(statement)).all()


class ById(DataLoader[uuid.UUID, Any]):
    """One row per id."""

    def __init__(self, requested: Requested, row: Any) -> None:
        super().__init__()
        self._requested, self._row = requested, row

    async def batch_load_fn(self, keys: list[uuid.UUID]) -> list[Any]:
        found = await self._requested.all(select(self._row).where(self._row.id.in_(keys)))
        by_id = {row.id: row for row in found}
        return [by_id.get(key) for key in keys]


class ByDeal(DataLoader[uuid.UUID, list[Any]]):
    """All rows of each deal."""

    def __init__(self, requested: Requested, row: Any, order: Sequence[Any]) -> None:
        super().__init__()
        self._requested, self._row, self._order = requested, row, order

    async def batch_load_fn(self, keys: list[uuid.UUID]) -> list[list[Any]]:
        statement = select(self._row).where(self._row.deal_id.in_(keys)).order_by(*self._order)
        by_deal = defaultdict(list)
        for row in await self._requested.all(statement):
            by_deal[row.deal_id].append(row)
        return [by_deal[key] for key in keys]


Info = strawberry.Info[dict[str, Requested], None]


def requested(info: Info) -> Requested:
    return info.context["requested"]


@strawberry.type
class Contact:
    id: uuid.UUID
    first_name: str | None
    last_name: str | None
    email: str | None
    job_title: str | None


@strawberry.type
class Named:
    name: str


@strawberry.type
class User:
    first_name: str | None
    last_name: str | None


@strawberry.type
class DealProduct:
    id: uuid.UUID
    product_name: str
    product_code: str | None
    quantity: Decimal
    unit_price: Decimal
    total_price: Decimal


@strawberry.type
class Activity:
    id: uuid.UUID
    activity_type: str
    subject: str
    status: str
    created_at: datetime

    @strawberry.field
    async def owner(self, info: Info) -> User | None:
        return await requested(info).users.load(self.owner_id)  # type: ignore[attr-defined,no-any-return]  # it is the row


@strawberry.type
class Products:
    nodes: list[DealProduct]


@strawberry.type
class Activities:
    nodes: list[Activity]


@strawberry.type
class Deal:
    id: uuid.UUID
    title: str
    status: str
    value: Decimal | None
    currency: str
    probability: int
    expected_close_on: date | None
    lead_source: str | None
    priority: str
    created_at: datetime
    updated_at: datetime

    @strawberry.field
    async def contact(self, info: Info) -> Contact | None:
        return await requested(info).contacts.load(self.contact_id) if self.contact_id else None  # type: ignore[attr-defined]

    @strawberry.field
    async def account(self, info: Info) -> Named | None:
        return await requested(info).accounts.load(self.account_id) if self.account_id else None  # type: ignore[attr-defined]

    @strawberry.field
    async def products(self, info: Info, first: int) -> Products:
        return Products(nodes=(await requested(info).products.load(self.id))[:first])

    @strawberry.field
    async def activities(self, info: Info, first: int) -> Activities:
        return Activities(nodes=(await requested(info).activities.load(self.id))[:first])


@strawberry.type
class Call:
    id: uuid.UUID
    direction: str
    status: str
    from_number: str
    to_number: str
    initiated_at: datetime
    answered_at: datetime | None
    ended_at: datetime | None
    duration_seconds: int
    billable_duration_seconds: int
    cost_amount: Decimal
    currency: str
    is_over_limit: bool
    has_recording: bool
    quality_score: float | None
    sentiment_score: float | None

    @strawberry.field
    async def voice_agent(self, info: Info) -> Named | None:
        return await requested(info).voice_agents.load(self.voice_agent_id) if self.voice_agent_id else None  # type: ignore[attr-defined]


@strawberry.type
class PageInfo:
    has_next_page: bool


@strawberry.type
class Deals:
    nodes: list[Deal]
    page_info: PageInfo
    matching: strawberry.Private[Any]

    @strawberry.field
    async def total_count(self, info: Info) -> int:
        count = select(func.count()).select_from(self.matching.subquery())
        return int((await requested(info).all(count))[0])


@strawberry.type
class Calls:
    nodes: list[Call]


@strawberry.type
class DealGroup:
    currency: str
    count: int
    sum: Decimal
    average: Decimal | None
    weighted_sum: Decimal
    stage: Named


@strawberry.enum
class DealGroupBy(enum.Enum):
    STAGE = "STAGE"


@strawberry.enum
class DealStatus(enum.Enum):
    OPEN = "OPEN"
    WON = "WON"
    LOST = "LOST"
    ARCHIVED = "ARCHIVED"


@strawberry.input
class StatusFilter:
    eq: DealStatus


@strawberry.input
class DealFilter:
    status: StatusFilter


@strawberry.input
class ContactUpdateInput:
    id: strawberry.ID
    job_title: str


@strawberry.type
class UserError:
    code: str


@strawberry.type
class ContactUpdatePayload:
    contact: Contact | None
    errors: list[UserError]


@strawberry.type
class Query:
    @strawberry.field
    async def deal(self, info: Info, id: strawberry.ID) -> Deal | None:
        found = await requested(info).all(select(deals.Deal).where(deals.Deal.id == uuid.UUID(id)))
        return found[0] if found else None

    @strawberry.field
    async def deals(self, info: Info, first: int, filter: DealFilter | None = None) -> Deals:
        statement = select(deals.Deal)
        if filter is not None:
            statement = statement.where(deals.Deal.status == filter.status.eq.value)
        order = (deals.Deal.created_at.desc(), deals.Deal.id.desc())
        found = await requested(info).all(statement.order_by(*order).limit(first + 1))
        return Deals(
            nodes=list(found[:first]), page_info=PageInfo(has_next_page=len(found) > first), matching=statement
        )

    @strawberry.field
    async def calls(self, info: Info, first: int, after: str | None = None) -> Calls:
        call = calls.Call
        statement = select(call).order_by(call.initiated_at.desc(), call.id.desc()).limit(first)
        if after is not None:
            _, at, key = json.loads(base64.urlsafe_b64decode(after + "=" * (-len(after) % 4)))
            instant = datetime.fromisoformat(at)
            beyond = (call.initiated_at < instant) | (call.id < uuid.UUID(key))
            statement = statement.where(call.initiated_at <= instant, beyond)
        return Calls(nodes=list(await requested(info).all(statement)))

    @strawberry.field
    async def deals_aggregate(self, info: Info, group_by: DealGroupBy) -> list[DealGroup]:
        value, stage = deals.Deal.value, deals.PipelineStage
        statement = (
            select(
                deals.Deal.currency,
                func.count(),
                func.coalesce(func.sum(value), Decimal("0.00")),
                func.round(func.avg(value), 2),
                func.coalesce(func.sum(func.round(value * deals.Deal.probability / 100, 2)), Decimal("0.00")),
                stage.name,
            )
            .join(stage, stage.id == deals.Deal.stage_id)
            .group_by(deals.Deal.stage_id, deals.Deal.currency, stage.name)
            .order_by(deals.Deal.stage_id, deals.Deal.currency)
        )
        asked = requested(info)
        async with asked.lock:
            found = (await asked.session.execute(statement)).all()
        names = ("currency", "count", "sum", "average", "weighted_sum")
        return [DealGroup(**dict(zip(names, row, strict=False)), stage=Named(name=row[5])) for row in found]


@strawberry.type
class Mutation:
    @strawberry.mutation
    async def contact_update(self, info: Info, input: ContactUpdateInput) -> ContactUpdatePayload:
        row = contacts.Contact
        found = await requested(info).all(select(row).where(row.id == uuid.UUID(input.id)).with_for_update())
        found[0].job_title = input.job_title
        found[0].version += 1
        await requested(info).session.flush()
        return ContactUpdatePayload(contact=found[0], errors=[])


def create() -> ASGIApp:
    """The application; it finds the database by DATABASE_URL."""
    extensions = [lambda: ParserCache(maxsize=1000), lambda: ValidationCache(maxsize=1000)]
    schema = strawberry.Schema(Query, Mutation, extensions=extensions)
    url = asyncpg_url(os.environ["DATABASE_URL"])
    size = int(os.environ["POOL_SIZE"])
    engine = create_async_engine(url, pool_size=size, max_overflow=0, pool_timeout=60)
    sessions = async_sessionmaker(engine, expire_on_commit=False)

    class App(GraphQL[Any, None]):
        async def get_context(self, request: Any, response: Any) -> Any:
            return {"requested": request.scope["requested"]}

    graphql = App(schema, graphql_ide=None)

    @asynccontextmanager
    async def serving(_: Starlette) -> AsyncIterator[None]:
        yield
        await engine.dispose()

    rest = Starlette(lifespan=serving)

    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await rest(scope, receive, send)
            return
        tenant = next(value.decode() for name, value in scope["headers"] if name == b"x-tenant-id")
        async with sessions() as session, session.begin():
            await session.execute(SET_TENANT, {"tenant": str(uuid.UUID(tenant))})
            scope["requested"] = Requested(session)
            await graphql(scope, receive, send)

    return answer
