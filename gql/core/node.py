"""The interface `Node`, the registry of types that implement it, and the root fields that fetch by global id."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, TypeVar
from uuid import UUID

import strawberry
from graphql import get_named_type

from gql.core.fields import (
    SIGNED_IN,
    Column,
    Field,
    GlobalId,
    RootOne,
    Source,
    argument,
    make,
    require_type,
    set_type_permission,
)
from gql.core.ids import prefix, split_id
from resolvers.core.context import Context
from resolvers.core.errors import BadUserInput, InvalidId
from resolvers.core.loaders import ByUnique

if TYPE_CHECKING:
    from strawberry import Info

C = TypeVar("C", bound=type)
MAX_NODES = 100


@dataclass(frozen=True, slots=True)
class NodeType:
    """A type that clients can fetch by global id."""

    name: str
    loader: ByUnique[Any]
    permission: str


@dataclass(frozen=True, slots=True)
class Reference:
    """An object that may be there: its type, and its key."""

    node_type: NodeType
    key: UUID


_by_prefix: dict[str, NodeType] = {}
_by_row: dict[type, NodeType] = {}


@strawberry.interface(description="An object with a global id.")
class Node:
    id: strawberry.ID = make(GlobalId(), "The global id: opaque, unique over all types, never reused.")

    @classmethod
    def resolve_type(cls, row: Any, *_: Any) -> str:
        """The GraphQL type of a row."""
        return _by_row[type(row)].name


def object_type(loader: ByUnique[Any], *, permission: str, description: str) -> Callable[[C], C]:
    """Make a class the GraphQL type of the loader's rows: a Node, readable with the permission by every path."""

    def wrap(cls: C) -> C:
        node_type = NodeType(cls.__name__, loader, permission)
        _by_prefix[prefix(cls.__name__)] = _by_row[loader.row] = node_type
        set_type_permission(loader.row, permission)
        settle_columns(cls, loader.row)
        cls.is_type_of = classmethod(lambda _, row, __: isinstance(row, loader.row))  # type: ignore[attr-defined]  # Strawberry looks for it on the class
        return strawberry.type(cls, description=f"{description} Needs the permission `{permission}`.")

    return wrap


def value_type(row: type, description: str) -> Callable[[C], C]:
    """Make a class the GraphQL type of plain values without an id, such as the rows of an aggregate."""

    def wrap(cls: C) -> C:
        settle_columns(cls, row)
        return strawberry.type(cls, description=description)

    return wrap


def settle_columns(cls: type, row: type) -> None:
    """Give each column field its column's name, and refuse one that the row does not have."""
    for name, field in vars(cls).items():
        if isinstance(field, Field) and isinstance(field.source, Column):
            field.source = replace(field.source, name=field.source.name or name)
            if not hasattr(row, field.source.name):
                raise TypeError(f"{cls.__name__}.{name}: {row.__name__} has no column {field.source.name}")


def root_one(loader: ByUnique[Any], type_name: str, *, permission: str) -> Any:
    """A root field that fetches one object of a type by its id."""
    return make(
        RootOne(loader, type_name),
        f"The {type_name} with this id; null when there is none in this tenant.",
        permission=permission,
        arguments=[argument("id", strawberry.ID, f"The global id of a {type_name}.")],
    )


def node_type_named(name: str) -> NodeType | None:
    """The registered type of this name."""
    return _by_prefix.get(prefix(name))


def refer(context: Context, text: str) -> Reference:
    """What a global id refers to. Raises InvalidId, and Forbidden when the viewer may not read the type."""
    start, row_id = split_id(text)
    node_type = _by_prefix.get(start)
    if node_type is None:
        raise InvalidId(f"{text[:60]!r} is not an id.")
    context.viewer.require(node_type.permission)
    return Reference(node_type, row_id)


@dataclass(frozen=True, slots=True)
class ByKey(Source):
    """The row whose key a function of the value and the context gives; none when it gives None.

    `loader` is that of the field's type unless told. `is_own`: the viewer needs no permission for it.
    """

    key: Callable[[Any, Context], UUID | None]
    loader: ByUnique[Any] | None = None
    is_own: bool = False

    def loader_for(self, type_: Any) -> ByUnique[Any]:
        """The loader of a field of this GraphQL type."""
        if self.loader is not None:
            return self.loader
        node_type = node_type_named(get_named_type(type_).name)
        assert node_type is not None
        return node_type.loader

    def resolve(self, row: Any, info: "Info[Context, Any]", arguments: dict[str, Any]) -> Any:
        """The row."""
        loader = self.loader_for(info._raw_info.return_type)
        if not self.is_own:
            require_type(info.context, loader.row)
        return loader.load(info.context, self.key(row, info.context))


@dataclass(frozen=True, slots=True)
class Referred(Source):
    """Objects of any type: what a function of the value, the context and the arguments refers to, one or a list."""

    find: Callable[..., Reference | Sequence[Reference] | None]

    def resolve(self, row: Any, info: "Info[Context, Any]", arguments: dict[str, Any]) -> Any:
        """The row or rows, None where there is none."""
        found = self.find(row, info.context, **arguments)
        if found is None or isinstance(found, Reference):
            return _load(info.context, found)
        return asyncio.gather(*(_load(info.context, reference) for reference in found))


async def _load(context: Context, reference: Reference | None) -> Any:
    return None if reference is None else await reference.node_type.loader.load(context, reference.key)


def by_key(
    key: Callable[[Any, Context], UUID | None],
    description: str,
    *,
    loader: ByUnique[Any] | None = None,
    permission: str | None = None,
    is_own: bool = False,
) -> Any:
    """A field that shows the row whose key the function gives. Needs the type's permission, unless it `is_own`."""
    return make(ByKey(key, loader, is_own), description, permission=permission)


def referred(
    find: Callable[..., Reference | Sequence[Reference] | None],
    description: str,
    *,
    permission: str | None = None,
    arguments: Sequence[Any] = (),
) -> Any:
    """A field that shows what the function refers to, of whatever type; the function checks the permission."""
    return make(Referred(find), description, permission=permission, arguments=arguments)


def _nodes(_: Any, context: Context, ids: list[str]) -> list[Reference]:
    if len(ids) > MAX_NODES:
        raise BadUserInput(f"At most {MAX_NODES} ids at once, not {len(ids)}.", ("ids",))
    return [refer(context, text) for text in ids]


@strawberry.type
class NodeQueries:
    node: Node | None = referred(
        lambda _, context, id: refer(context, id),
        "Any object by its global id; null when there is none in this tenant. Needs the permission of its type.",
        permission=SIGNED_IN,
        arguments=[argument("id", strawberry.ID, "The global id.")],
    )
    nodes: list[Node | None] = referred(
        _nodes,
        f"Up to {MAX_NODES} objects by their global ids, in the order given, null where there is none.",
        permission=SIGNED_IN,
        arguments=[argument("ids", list[strawberry.ID], "The global ids.")],
    )
