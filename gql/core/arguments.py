"""The arguments of connections: paging, filter, order and search, and what they mean to the resolvers."""

import dataclasses
from collections.abc import Mapping
from typing import Annotated, Any, Generic, TypeVar

import strawberry
from strawberry import UNSET

from db.enums import Choice
from gql.core.enums import enum_type
from gql.core.ids import decode_id
from resolvers.core.context import Context
from resolvers.core.filtering import Comparison, Condition, Every, Negation, Some
from resolvers.core.pagination import Listing, PageArgs

OrderField = TypeVar("OrderField", bound=Choice)
T = TypeVar("T")

ID_TYPE = "id_type"  # metadata of an input field that takes ids: the name of their type


@enum_type
class OrderDirection(Choice):
    """Which end of an order comes first."""

    ASC = "ASC", "Smallest, oldest or alphabetically first value first."
    DESC = "DESC", "Largest, newest or alphabetically last value first."


@strawberry.input
class OrderBy(Generic[OrderField]):
    """Base of the orders of each type: a field, of those that an index serves, and a direction."""

    field: OrderField = strawberry.field(description="What to order by.")
    direction: OrderDirection = strawberry.field(default=OrderDirection.ASC, description="Which end comes first.")


def page_args(context: Context, listing: Listing[Any], arguments: Mapping[str, Any]) -> PageArgs:
    """A connection's arguments as the resolvers take them. Raises BadUserInput, and Forbidden for a guarded filter."""
    order = arguments.get("order_by")
    given = {name: arguments[name] for name in ("first", "after", "last", "before", "search") if name in arguments}
    asked = PageArgs(
        **given,
        condition=to_condition(arguments.get("filter")),
        order=order.field.value if order else None,
        is_descending=order is not None and order.direction is OrderDirection.DESC,
    )
    for permission in listing.permissions(asked):
        context.viewer.require(permission)
    return asked


def where(description: str, *, id_of: str | None = None) -> Any:
    """A field of a filter; `id_of` names the type whose ids it compares."""
    return strawberry.field(default=UNSET, description=description, metadata={ID_TYPE: id_of} if id_of else {})


def filter_type(description: str) -> Any:
    """Make a class of `where` fields a filter input: adds `and`, `or` and `not` of itself."""

    def wrap(cls: type[T]) -> type[T]:
        name = cls.__name__
        cls.__annotations__ |= {
            "and_": f"list[{name}] | None",
            "or_": f"list[{name}] | None",
            "not_": f"{name} | None",
        }
        combined = {
            "and_": "All of these hold.",
            "or_": "At least one of these holds.",
            "not_": "This does not hold.",
        }
        for field, meaning in combined.items():
            setattr(cls, field, strawberry.field(name=field[:-1], default=UNSET, description=meaning))
        return strawberry.input(cls, description=description)

    return wrap


def to_condition(filter_: Any) -> Condition | None:
    """A filter input as a plain tree; all its fields must hold."""
    if not filter_:
        return None
    parts: list[Condition] = []
    for field in dataclasses.fields(filter_):
        value = getattr(filter_, field.name)
        if value is UNSET or value is None:
            continue
        if field.name == "and_":
            parts.append(Every(tuple(part for item in value if (part := to_condition(item)))))
        elif field.name == "or_":
            parts.append(Some(tuple(to_condition(item) or Every(()) for item in value)))
        elif field.name == "not_":
            parts.append(Negation(to_condition(value) or Every(())))
        else:
            parts.extend(_comparisons(field.name, value, field.metadata.get(ID_TYPE)))
    return Every(tuple(parts))


def _comparisons(name: str, operators: Any, id_type: str | None) -> list[Condition]:
    found: list[Condition] = []
    for field in dataclasses.fields(operators):
        value = getattr(operators, field.name)
        if value is UNSET:
            continue
        if value is None and field.name not in {"eq", "ne"}:
            continue
        if id_type is not None and field.name != "is_null":
            value = _decode(id_type, value)
        found.append(Comparison(name, field.name, tuple(value) if isinstance(value, list) else value))
    return found


def _decode(id_type: str, value: Any) -> Any:
    if isinstance(value, list):
        return [decode_id(id_type, item) for item in value]
    return None if value is None else decode_id(id_type, value)


def lazy(type_name: str, module: str) -> Any:
    """A reference to a type of another domain, for arguments: that module is imported when the schema is made."""
    return Annotated[type_name, strawberry.lazy(module)]
