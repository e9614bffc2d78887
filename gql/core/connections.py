"""Relay connections: the generic types, and the two helpers that make fields of them."""

from dataclasses import dataclass
from typing import Any, Final, Generic, TypeVar

import strawberry

from gql.core.fields import RootMany, ToMany, argument, by_hand, make
from resolvers.core.context import Context
from resolvers.core.pagination import COUNT_CAP, DEFAULT_SIZE, MAX_SIZE, SEARCH, SEARCH_CAP, Listing, Page, PagesBy

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class EdgeValue:
    """A row and its position in the order."""

    cursor: str
    node: Any


@strawberry.type(description="Where a page lies in its list.")
class PageInfo:
    has_next_page: bool = by_hand(lambda page, _: page.has_next_page, "Whether more follow this page.")
    has_previous_page: bool = by_hand(lambda page, _: page.has_previous_page, "Whether others precede this page.")
    start_cursor: str | None = by_hand(
        lambda page, _: page.cursor(page.rows[0]) if page.rows else None,
        "The cursor of the page's first object.",
    )
    end_cursor: str | None = by_hand(
        lambda page, _: page.cursor(page.rows[-1]) if page.rows else None,
        "The cursor of the page's last object: pass it as `after` for the next page.",
    )


@strawberry.type(description="An object in a list, with its cursor.")
class Edge(Generic[T]):
    cursor: str = by_hand(lambda edge, _: edge.cursor, "The opaque position of the object in this order.")
    node: T = by_hand(lambda edge, _: edge.node, "The object.")


def _edges(page: Page[Any], _: Context) -> list[EdgeValue]:
    return [EdgeValue(page.cursor(row), row) for row in page.rows]


async def _total(page: Page[Any], _: Context) -> int:
    return min(await page.count(), COUNT_CAP)


async def _is_capped(page: Page[Any], _: Context) -> bool:
    return await page.count() > COUNT_CAP


@strawberry.type(description="One page of a list, and where it lies in it.")
class Connection(Generic[T]):
    edges: list[Edge[T]] = by_hand(_edges, "The page's objects with their cursors.")
    nodes: list[T] = by_hand(lambda page, _: page.rows, "The page's objects.")
    page_info: PageInfo = by_hand(lambda page, _: page, "Where the page lies.")
    total_count: int = by_hand(
        _total,
        f"How many objects match over all pages, counted up to {COUNT_CAP:,}; costs a statement of its own.",
    )
    is_total_count_capped: bool = by_hand(_is_capped, "Whether there are more than `totalCount` says.")


OWN: Final = frozenset(
    field.source
    for cls in (PageInfo, Edge, Connection)
    for field in cls.__strawberry_definition__.fields  # type: ignore[union-attr]  # Strawberry puts it there
)
"""The sources of the fields of a connection itself: what is told about a page without asking a resolver."""


def connection(pages: PagesBy[Any], description: str, *, filter: Any = None, order_by: Any = None) -> Any:
    """A page of the rows that belong to this one. Needs the other type's permission."""
    return make(ToMany(pages), description, arguments=_arguments(pages.listing, filter, order_by))


def root_connection(
    listing: Listing[Any], description: str, *, permission: str, filter: Any = None, order_by: Any = None
) -> Any:
    """A root field that pages through all the tenant's rows of a type."""
    arguments = _arguments(listing, filter, order_by)
    return make(RootMany(listing), description, permission=permission, arguments=arguments)


def _arguments(listing: Listing[Any], filter_: Any, order_by: Any) -> list[Any]:
    found = [
        argument(
            "first",
            int | None,
            f"How many from the start, at most {MAX_SIZE}; {DEFAULT_SIZE} when neither end is given.",
        ),
        argument("after", str | None, "Only what follows this cursor."),
        argument("last", int | None, f"How many from the end, at most {MAX_SIZE}."),
        argument("before", str | None, "Only what precedes this cursor."),
    ]
    if filter_ is not None:
        found.append(argument("filter", filter_ | None, "Only what matches."))
    if order_by is not None:
        found.append(argument("order_by", order_by | None, f"The order; by default {_default(listing)}."))
    if listing.is_searchable:
        needed = f" Needs `{listing.guarded[SEARCH]}`." if SEARCH in listing.guarded else ""
        found.append(
            argument(
                "search",
                str | None,
                "Only what contains all these words, or words beginning so. Of more matches than"
                f" {SEARCH_CAP:,} only the best ones are found and counted.{needed}",
            )
        )
    return found


def _default(listing: Listing[Any]) -> str:
    direction = "DESC" if listing.is_default_descending else "ASC"
    return f"`{listing.default_order}` `{direction}`"
