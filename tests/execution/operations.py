"""Operations made up at random, over the whole schema: what a client might send, right or a little wrong."""

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from random import Random
from typing import Any, Final
from uuid import UUID

import orjson
from graphql import (
    GraphQLEnumType,
    GraphQLField,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    get_named_type,
    get_nullable_type,
    is_leaf_type,
    is_required_argument,
    is_required_input_field,
)

from gql.core.arguments import ID_TYPE
from gql.core.fields import Field, RootMany, RootOne, ToMany
from gql.core.ids import encode_id
from gql.schema import schema
from resolvers.core.pagination import Listing, encode_cursor
from tests.execution.population import World

SCHEMA: Final = schema._schema
DEPTH: Final = 5
OBJECTS: Final = 14  # fields of one operation that show objects
TEXTS: Final = {"DateTime": "2026-11-20T09:00:01Z", "Date": "2026-11-20", "Decimal": "10.50", "Position": "3"}
WORDS: Final = ("asha", "Deal", "rao 1", "company")


@dataclass
class Operation:
    """A document, and the values of its variables."""

    text: str
    variables: dict[str, Any]
    name: str | None = None


@dataclass
class Maker:
    """Makes one operation. `rnd` decides everything, `world` gives ids, cursors and values that find something."""

    rnd: Random
    world: World
    variables: dict[str, Any] = field(default_factory=dict)
    declared: list[str] = field(default_factory=list)
    fragments: list[str] = field(default_factory=list)
    objects: int = OBJECTS
    numbers: int = 0

    def operation(self, kind: str = "query", root_fields: int = 3) -> Operation:
        """A whole operation with some root fields of the type."""
        root = SCHEMA.type_map[kind.capitalize()]
        assert isinstance(root, GraphQLObjectType)
        names = self.rnd.choices(list(root.fields), k=self.rnd.randint(1, root_fields))
        parts = [self._field(name, root.fields[name], 0, is_root=True) for name in names]
        if self.rnd.random() < 0.2 and kind != "subscription":
            parts.insert(0, "__typename")
        declared = f"({', '.join(self.declared)})" if self.declared else ""
        name = "Named" if self.rnd.random() < 0.5 else None
        text = f"{kind} {name or ''}{declared} {{ {' '.join(parts)} }} {' '.join(self.fragments)}"
        return Operation(text, self.variables, name)

    def chance(self, probability: float) -> bool:
        """Whether something happens."""
        return self.rnd.random() < probability

    def number(self) -> int:
        """A number not used before in this operation."""
        self.numbers += 1
        return self.numbers

    # ------------------------------------------------------------------------------------------------ selections

    def selection(self, type_: Any, depth: int) -> str:
        """The braces below a field of the type."""
        parts: list[str] = []
        if isinstance(type_, GraphQLObjectType | GraphQLInterfaceType):
            parts += self._fields(type_, depth)
        if not isinstance(type_, GraphQLObjectType):
            possible = SCHEMA.get_possible_types(type_)
            for one in self.rnd.sample(possible, min(len(possible), self.rnd.randint(1, 4))):
                parts.append(f"... on {one.name} {self.selection(one, depth + 1)}")
        if self.chance(0.25) or not parts:
            parts.append("__typename" if self.chance(0.7) else f"t{self.number()}: __typename")
        self.rnd.shuffle(parts)
        return f"{{ {' '.join(parts)} }}"

    def _fields(self, type_: Any, depth: int) -> list[str]:
        names = list(type_.fields)
        parts = []
        for name in self.rnd.choices(names, k=self.rnd.randint(1, 6)):
            definition = type_.fields[name]
            if not is_leaf_type(get_named_type(definition.type)):
                if depth >= DEPTH or self.objects <= 0:
                    continue
                self.objects -= 1
            parts.append(self._field(name, definition, depth))
            if self.chance(0.08):
                parts.append(self._field(name, definition, depth))
        if self.chance(0.15):
            parts.append(self._fragment(type_, parts))
        if self.chance(0.1) and parts:
            parts.append(self._inline(type_, parts.pop()))
        return parts

    def _fragment(self, type_: Any, parts: list[str]) -> str:
        leaves = [name for name, each in type_.fields.items() if is_leaf_type(get_named_type(each.type))]
        chosen = self.rnd.sample(leaves, min(len(leaves), 2)) or ["__typename"]
        if parts and self.chance(0.5):
            chosen.append(parts.pop())
        condition = type_.name
        if "Node" in [each.name for each in type_.interfaces] and self.chance(0.3):
            condition, chosen = "Node", ["id", "__typename"]
        name = f"F{self.number()}"
        self.fragments.append(f"fragment {name} on {condition} {{ {' '.join(chosen)} }}")
        return f"...{name}{self._directive()}"

    def _inline(self, type_: Any, part: str) -> str:
        condition = f"on {type_.name} " if self.chance(0.6) else ""
        return f"... {condition}{self._directive()} {{ {part} }}"

    def _directive(self) -> str:
        if not self.chance(0.2):
            return ""
        name = self.rnd.choice(["skip", "include"])
        if self.chance(0.4):
            return f" @{name}(if: {self.rnd.choice(['true', 'false'])})"
        variable = f"b{self.number()}"
        self.declared.append(f"${variable}: Boolean{'! ' if self.chance(0.7) else ' = true'}")
        self.variables[variable] = self.chance(0.5)
        return f" @{name}(if: ${variable})"

    def _field(self, name: str, definition: GraphQLField, depth: int, *, is_root: bool = False) -> str:
        arguments = self._arguments(definition)
        alias = f"a{self.number()}: " if (arguments or is_root or self.chance(0.15)) and self.chance(0.9) else ""
        named = get_named_type(definition.type)
        below = "" if is_leaf_type(named) else f" {self.selection(named, depth + 1)}"
        return f"{alias}{name}{arguments}{self._directive()}{below}"

    # ------------------------------------------------------------------------------------------------- arguments

    def _arguments(self, definition: GraphQLField) -> str:
        if not definition.args:
            return ""
        declared = definition.extensions.get("strawberry-definition")
        source = declared.source if isinstance(declared, Field) else None
        if isinstance(source, ToMany | RootMany):
            listing = source.pages.listing if isinstance(source, ToMany) else source.listing
            values = self._page(definition, listing)
        else:
            values = {
                name: self._value(argument.type, self._id_type(name, source))
                for name, argument in definition.args.items()
                if is_required_argument(argument) or self.chance(0.5)
            }
        written = [self._passed(name, value, definition.args[name].type) for name, value in values.items()]
        return f"({', '.join(written)})" if written else ""

    def _id_type(self, name: str, source: Any) -> str | None:
        return source.type_name if isinstance(source, RootOne) and name == "id" else None

    def _page(self, definition: GraphQLField, listing: Listing[Any]) -> dict[str, Any]:
        """The arguments of a connection."""
        values: dict[str, Any] = {}
        name, is_descending = listing.default_order, listing.is_default_descending
        if "orderBy" in definition.args and self.chance(0.4):
            name, is_descending = self.rnd.choice(list(listing.orders)), self.chance(0.5)
            values["orderBy"] = {"field": name, "direction": "DESC" if is_descending else "ASC"}
            if not is_descending and self.chance(0.5):
                del values["orderBy"]["direction"]
        if self.chance(0.85):
            values[self.rnd.choice(["first", "last"])] = self.rnd.choice([0, 1, 1, 2, 2, 3, 5, 100])
        for mark in ("after", "before"):
            if self.chance(0.2):
                values[mark] = self._cursor(listing, name)
        if "filter" in definition.args and self.chance(0.3):
            values["filter"] = self._filter(get_named_type(definition.args["filter"].type), listing, 0)
        if "search" in definition.args and self.chance(0.08):
            values["search"] = self.rnd.choice(WORDS)
        if self.chance(0.03):
            values |= self.rnd.choice([{"first": 101}, {"first": 1, "last": 1}, {"after": "nonsense"}, {"first": None}])
        return values

    def _cursor(self, listing: Listing[Any], order: str) -> str:
        rows = self.world.rows.get(listing.row.__tablename__)
        if not rows:
            return "none"
        row = self.rnd.choice(rows)
        return encode_cursor(order, row[listing.orders[order].key], row["id"])

    def _filter(self, type_: Any, listing: Listing[Any], depth: int) -> dict[str, Any]:
        fields = {each.name: each for each in dataclasses.fields(_origin(type_))}
        found: dict[str, Any] = {}
        for name in self.rnd.sample(list(type_.fields), min(2, len(type_.fields))):
            if name in {"and", "or"}:
                if depth < 2:
                    found[name] = [self._filter(type_, listing, depth + 1) for _ in range(self.rnd.randint(0, 2))]
            elif name == "not":
                if depth < 2:
                    found[name] = self._filter(type_, listing, depth + 1)
            else:
                declared = fields[_snake(name)]
                column = listing.filters[declared.name]
                found[name] = self._comparison(
                    get_named_type(type_.fields[name].type), declared.metadata.get(ID_TYPE), listing, column
                )
        return found

    def _comparison(self, type_: Any, id_type: str | None, listing: Listing[Any], column: Any) -> dict[str, Any]:
        name = self.rnd.choice(list(type_.fields))
        wanted = type_.fields[name].type
        key = str(getattr(column, "key", ""))
        stored = [row[key] for row in self.world.rows.get(listing.row.__tablename__, ()) if row.get(key) is not None]
        is_list = isinstance(get_nullable_type(wanted), GraphQLList)

        def one() -> Any:
            if stored and self.chance(0.8) and get_named_type(wanted).name != "Boolean":
                return _json(self.rnd.choice(stored), id_type)
            return self._value(get_named_type(wanted), id_type)

        if name == "isNull":
            return {name: self.chance(0.5)}
        return {name: [one() for _ in range(self.rnd.randint(0, 3))] if is_list else one()}

    def _value(self, type_: Any, id_type: str | None = None) -> Any:
        """A value of an input type, as JSON."""
        if isinstance(type_, GraphQLNonNull):
            return self._value(type_.of_type, id_type)
        if isinstance(type_, GraphQLList):
            return [self._value(type_.of_type, id_type) for _ in range(self.rnd.randint(0, 4))]
        if isinstance(type_, GraphQLEnumType):
            return self.rnd.choice(list(type_.values))
        if isinstance(type_, GraphQLInputObjectType):
            return {
                name: self._value(each.type)
                for name, each in type_.fields.items()
                if is_required_input_field(each) or self.chance(0.1)
            }
        return self._scalar(type_.name, id_type)

    def _scalar(self, name: str, id_type: str | None) -> Any:
        if name == "ID":
            return self._id(id_type)
        made: dict[str, Callable[[], Any]] = {
            "Int": lambda: self.rnd.randint(0, 5),
            "Float": lambda: self.rnd.choice([0.5, 1, 70.25]),
            "Boolean": lambda: self.chance(0.5),
            "JSON": lambda: {"a": [1, "x"]},
            "String": lambda: self.rnd.choice(["x", "EUR", "asha@example.com"]),
        }
        return made[name]() if name in made else TEXTS[name]

    def _id(self, id_type: str | None) -> str:
        if self.chance(0.04):
            return self.rnd.choice(["nonsense", "deal_0192", encode_id(id_type or "Deal", UUID(int=7))])
        if id_type is None:
            id_type = self.rnd.choice(_NODE_TYPES)
        ids = self.world.ids(id_type)
        return self.rnd.choice(ids) if ids else encode_id(id_type, UUID(int=7))

    def _passed(self, name: str, value: Any, type_: Any) -> str:
        if self.chance(0.5):
            return f"{name}: {literal(value, type_)}"
        variable = f"v{self.number()}"
        self.declared.append(f"${variable}: {type_}")
        self.variables[variable] = value
        return f"{name}: ${variable}"


_NODE_TYPES: Final = [each.name for each in SCHEMA.get_possible_types(SCHEMA.type_map["Node"])]  # type: ignore[arg-type]  # an interface


def literal(value: Any, type_: Any) -> str:
    """A JSON value as GraphQL writes it in a document."""
    bare = get_nullable_type(type_)
    if value is None:
        return "null"
    if isinstance(bare, GraphQLList):
        return f"[{', '.join(literal(item, bare.of_type) for item in value)}]"
    if isinstance(bare, GraphQLEnumType):
        return str(value)
    if isinstance(bare, GraphQLInputObjectType):
        return f"{{{', '.join(f'{name}: {literal(item, bare.fields[name].type)}' for name, item in value.items())}}}"
    if isinstance(value, dict):
        return f"{{{', '.join(f'{name}: {literal(item, bare)}' for name, item in value.items())}}}"
    return orjson.dumps(value).decode()


def _origin(type_: Any) -> type:
    origin: type = type_.extensions["strawberry-definition"].origin
    return origin


def _snake(name: str) -> str:
    return "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in name)


def _json(value: Any, id_type: str | None) -> Any:
    match value:
        case UUID():
            return encode_id(id_type, value) if id_type else str(value)
        case datetime():
            return value.isoformat().replace("+00:00", "Z")
        case date():
            return value.isoformat()
        case Decimal():
            return str(value)
        case list():
            return value[0] if value else "x"
        case str() | int() | float():
            return getattr(value, "value", value)
    return "x"
