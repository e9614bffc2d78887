"""The field helpers: how a GraphQL field gets its value, kept as metadata that both executors read.

A field is a `column` of its row, `computed` from named columns, `to_one` other row, a `connection` to many, or
resolved by hand. The first four say what they need without running, so an operation can be planned from them.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import strawberry
from strawberry.annotation import StrawberryAnnotation
from strawberry.types.arguments import StrawberryArgument
from strawberry.types.field import StrawberryField

from gql.core.arguments import page_args
from gql.core.ids import decode_id, encode_id
from resolvers.core.context import Context
from resolvers.core.loaders import ByUnique
from resolvers.core.pagination import Listing, PagesBy, list_page

if TYPE_CHECKING:
    from strawberry import Info

PUBLIC: Final = "public"  # the permission of what needs no credential
SIGNED_IN: Final = "signed-in"  # the permission that every viewer has


class Source:
    """Where a field's value comes from."""

    def resolve(self, row: Any, info: "Info[Context, Any]", arguments: dict[str, Any]) -> Any:
        """The value, or an awaitable of it."""
        raise NotImplementedError


@dataclass(frozen=True, slots=True)
class Column(Source):
    """The row's column of this name; the field's own Python name when none is given, settled by its type."""

    name: str = ""

    def resolve(self, row: Any, info: "Info[Context, Any]", arguments: dict[str, Any]) -> Any:
        """The stored value."""
        return getattr(row, self.name)


@dataclass(frozen=True, slots=True)
class Computed(Source):
    """A pure function of the context and the row, of which it reads only the named columns."""

    columns: tuple[str, ...]
    compute: Callable[[Context, Any], Any]

    def resolve(self, row: Any, info: "Info[Context, Any]", arguments: dict[str, Any]) -> Any:
        """The computed value."""
        return self.compute(info.context, row)


@dataclass(frozen=True, slots=True)
class GlobalId(Source):
    """The row's global id."""

    def resolve(self, row: Any, info: "Info[Context, Any]", arguments: dict[str, Any]) -> Any:
        """The type's prefix and the row's id."""
        return encode_id(info._raw_info.parent_type.name, row.id)  # Strawberry hides it


@dataclass(frozen=True, slots=True)
class ToOne(Source):
    """The one row whose key is in this row's `column`, or none."""

    loader: ByUnique[Any]
    column: str

    def resolve(self, row: Any, info: "Info[Context, Any]", arguments: dict[str, Any]) -> Any:
        """The other row; no statement when the key is null."""
        key = getattr(row, self.column)
        if key is None:
            return None
        require_type(info.context, self.loader.row)
        return self.loader.load(info.context, key)


@dataclass(frozen=True, slots=True)
class ToMany(Source):
    """A page of the rows that belong to this row."""

    pages: PagesBy[Any]

    def resolve(self, row: Any, info: "Info[Context, Any]", arguments: dict[str, Any]) -> Any:
        """The page, read together with those of the row's siblings."""
        require_type(info.context, self.pages.listing.row)
        args = page_args(info.context, self.pages.listing, arguments)
        return self.pages.load(info.context, row.id, args)


@dataclass(frozen=True, slots=True)
class RootOne(Source):
    """A root field that reads one row by its id."""

    loader: ByUnique[Any]
    type_name: str

    def resolve(self, row: Any, info: "Info[Context, Any]", arguments: dict[str, Any]) -> Any:
        """The row, or None when the tenant has none of this id."""
        return self.loader.load(info.context, decode_id(self.type_name, arguments["id"]))


@dataclass(frozen=True, slots=True)
class RootMany(Source):
    """A root field that pages through all the tenant's rows."""

    listing: Listing[Any]

    def resolve(self, row: Any, info: "Info[Context, Any]", arguments: dict[str, Any]) -> Any:
        """The page."""
        return list_page(info.context, self.listing, page_args(info.context, self.listing, arguments))


@dataclass(frozen=True, slots=True)
class ByHand(Source):
    """A resolver written for this field: called with the row, the context and the arguments."""

    function: Callable[..., Any]

    def resolve(self, row: Any, info: "Info[Context, Any]", arguments: dict[str, Any]) -> Any:
        """Whatever the function returns."""
        return self.function(row, info.context, **arguments)


class Field(StrawberryField):
    """A Strawberry field that keeps its source and permission, and resolves through them."""

    source: Source
    permission: str | None = None

    @property
    def is_basic_field(self) -> bool:
        """Never Strawberry's shortcut: the source decides."""
        return False

    def get_result(self, source: Any, info: Any, args: list[Any], kwargs: Any) -> Awaitable[Any] | Any:
        """Check the permission, then ask the source."""
        if self.permission is not None:
            check(info.context, self.permission)
        return self.source.resolve(source, info, kwargs)

    def __copy__(self) -> "Field":
        copied = super().__copy__()
        copied.source = self.source
        copied.permission = self.permission
        return copied


def check(context: Context, permission: str) -> None:
    """Raise Unauthenticated or Forbidden unless the context's viewer holds the permission."""
    if permission == PUBLIC:
        return
    viewer = context.viewer
    if permission != SIGNED_IN:
        viewer.require(permission)


def make(
    source: Source,
    description: str,
    *,
    permission: str | None = None,
    arguments: Sequence[StrawberryArgument] = (),
    name: str | None = None,
) -> Any:
    """A field of any source; typed Any, because its annotation stands where it is assigned."""
    if permission not in (None, PUBLIC, SIGNED_IN):
        description = f"{description} Needs the permission `{permission}`."
    made = Field(description=description, graphql_name=name)
    made.source = source
    made.permission = permission
    made.arguments = list(arguments)
    made.init = False  # rows stand in for instances of the type, so nothing is ever passed to its constructor
    return made


def argument(name: str, type_: Any, description: str, *, default: Any = strawberry.UNSET) -> StrawberryArgument:
    """An argument of a field; a nullable one that is left out is not passed."""
    return StrawberryArgument(
        python_name=name,
        graphql_name=None,
        type_annotation=StrawberryAnnotation(type_),
        description=description,
        default=default,
    )


def column(description: str, *, of: str | None = None, permission: str | None = None) -> Any:
    """The row's column of the field's name, or the one named by `of`."""
    return make(Column(of or ""), description, permission=permission)


def computed(
    compute: Callable[[Context, Any], Any],
    columns: Sequence[str],
    description: str,
    *,
    permission: str | None = None,
) -> Any:
    """A value computed from the named columns of the row, without a statement."""
    return make(Computed(tuple(columns), compute), description, permission=permission)


def to_one(loader: ByUnique[Any], column: str, description: str) -> Any:
    """The row of the loader whose key stands in this row's column. Needs the other type's permission."""
    return make(ToOne(loader, column), description)


def by_hand(
    function: Callable[..., Any],
    description: str,
    *,
    permission: str | None = None,
    arguments: Sequence[StrawberryArgument] = (),
) -> Any:
    """A field resolved by a function of (row, context, **arguments)."""
    return make(ByHand(function), description, permission=permission, arguments=arguments)


_permissions: dict[type, str] = {}


def set_type_permission(row: type, permission: str) -> None:
    """Declare what it takes to read rows of this class, by whatever path."""
    _permissions[row] = permission


def require_type(context: Context, row: type) -> None:
    """Raise Forbidden unless the viewer may read rows of this class."""
    context.viewer.require(_permissions[row])


def type_permission(row: type) -> str:
    """The permission that reading rows of this class needs."""
    return _permissions[row]
