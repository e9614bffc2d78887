"""Probes: questions to the API, made from the schema's own metadata, which another tenant's values must not answer."""

import dataclasses
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from graphql import GraphQLField, GraphQLObjectType, get_named_type, is_leaf_type, is_required_argument

from gql.core.arguments import ID_TYPE
from gql.core.fields import RootMany, RootOne, ToMany, ToOne
from gql.core.filters import IdFilter, StringFilter
from gql.core.ids import encode_id
from gql.core.mutations import Affected
from resolvers.core.pagination import Listing, encode_cursor
from tests.support.schema import fields_from, node_types, root_type, shown_by, source_of
from tests.tenancy.worlds import Inhabitant

PAGE: Final = "totalCount isTotalCountCapped pageInfo { hasNextPage hasPreviousPage startCursor endCursor }"
WHOSE: Final = "id createdAt"  # a tenant's instant tells its rows from its twin's, which have the same ids
RELATIONS: Final = (ToOne, ToMany)
Variables = dict[str, Any]


@dataclass(frozen=True)
class Probe:
    """A question with the values that a tenant would put into it.

    `finds` is the id of what the tenant's own values find; None where that is told otherwise. `is_private`: with
    another tenant's values nothing at all is found.
    """

    name: str
    text: str
    variables: Callable[[Inhabitant], Variables]
    finds: Callable[[Inhabitant], UUID] | None = None
    is_private: Callable[[Inhabitant], bool] = lambda _: False


def values(type_: GraphQLObjectType) -> str:
    """A selection of all that an object is, and of nothing that it refers to."""
    parts = []
    for name, field in type_.fields.items():
        named = get_named_type(field.type)
        if any(is_required_argument(argument) for argument in field.args.values()):
            continue
        if is_leaf_type(named):
            parts.append(name)
        elif isinstance(named, GraphQLObjectType) and not isinstance(source_of(field), (*RELATIONS, Affected)):
            parts.append(f"{name} {{ {values(named)} }}")
    return " ".join(parts)


def related(type_: GraphQLObjectType, depth: int) -> str:
    """A selection of what tells whose an object is, and those that it refers to, so many levels deep."""
    parts = [WHOSE]
    if depth > 0:
        parts += [relation(name, field, depth) for name, field in fields_from(type_, *RELATIONS).items()]
    return " ".join(parts)


def relation(name: str, field: GraphQLField, depth: int, arguments: str = "first: 50") -> str:
    """A selection of one relation."""
    below = related(shown_by(field), depth - 1)
    if isinstance(source_of(field), ToMany):
        return f"{name}({arguments}) {{ {PAGE} nodes {{ {below} }} }}"
    return f"{name} {{ {below} }}"


def rows_of(inhabitant: Inhabitant, type_name: str) -> list[Any]:
    """The tenant's rows of a type."""
    return [row for key, row in inhabitant.rows.items() if key.split()[0] == type_name]


def by_id() -> Iterator[Probe]:
    """Every root field that takes an id, and `node` and `nodes` for every type."""
    for name, field in fields_from(root_type("Query"), RootOne).items():
        type_ = shown_by(field)
        text = f"query ($id: ID!) {{ {name}(id: $id) {{ {values(type_)} }} }}"
        yield Probe(name, text, *_identified(type_.name))
    for name, type_ in node_types().items():
        shown = f"id ... on {name} {{ {values(type_)} }}"
        yield Probe(f"node {name}", f"query ($id: ID!) {{ node(id: $id) {{ {shown} }} }}", *_identified(name))
        text = f"query ($id: ID!) {{ nodes(ids: [$id]) {{ {shown} }} }}"
        yield Probe(f"nodes {name}", text, *_identified(name))


def _identified(type_name: str) -> tuple[Any, ...]:
    return (
        lambda tenant: {"id": encode_id(type_name, tenant.rows[type_name].id)},
        lambda tenant: tenant.rows[type_name].id,
        lambda _: True,
    )


@dataclass(frozen=True)
class Connection:
    """A field that pages through rows: with each way to ask it for some of them."""

    name: str
    text: str
    type_name: str
    field: GraphQLField
    listing: Listing[Any]

    def whole(self) -> Iterator[Probe]:
        """Every order, both ways."""
        finds = self._main_row
        yield Probe(self.name, self.text, self._with(lambda _: {}), finds)
        if "orderBy" in self.field.args:
            for order in self.listing.orders:
                for direction in ("ASC", "DESC"):
                    name = f"{self.name} by {order} {direction}"
                    yield Probe(name, self.text, self._with(_constant(_ordered(order, direction))), finds)

    def unbounded(self) -> Iterator[Probe]:
        """Filters that everything fits: with an alternative to all that the server itself asks for."""
        if "filter" in self.field.args:
            for title, anything in (("or", {"or": [{}, {}]}), ("not", {"not": {"or": []}})):
                variables = self._with(_constant({"filter": anything}))
                yield Probe(f"{self.name} filtered by {title}", self.text, variables, self._main_row)

    def searched(self) -> Iterator[Probe]:
        """The search for the tenant's word."""
        if self.listing.is_searchable:
            words = self._with(lambda tenant: {"search": tenant.word})
            yield Probe(f"{self.name} searched", self.text, words, self._main_row, lambda _: True)

    def filtered(self) -> Iterator[Probe]:
        """Each filter of ids and of texts."""
        if "filter" not in self.field.args:
            return
        for field in dataclasses.fields(_input_class(self.field.args["filter"].type)):
            column = self.listing.filters.get(field.name)
            kind = _comparison(field.type)
            if column is None or kind not in {IdFilter, StringFilter}:
                continue
            for operator in ("eq", "in") if kind is IdFilter else ("eq", "startsWith"):
                yield self._filter(field, column.key, operator)

    def _filter(self, field: Any, column: str, operator: str) -> Probe:
        name = _camel(field.name)
        id_type = field.metadata.get(ID_TYPE)

        def value(tenant: Inhabitant) -> Any:
            stored = getattr(tenant.rows[self.type_name], column)
            return encode_id(id_type, stored) if id_type and stored is not None else stored

        def asked(tenant: Inhabitant) -> Variables:
            given = value(tenant)
            return {"filter": {name: {operator: [given] if operator == "in" else given}}}

        def is_private(tenant: Inhabitant) -> bool:
            return id_type is not None or tenant.word in str(value(tenant))

        title = f"{self.name} filtered by {name} {operator}"
        return Probe(title, self.text, self._with(asked), self._main_row, is_private)

    def all(self) -> Iterator[Probe]:
        """Every way to ask."""
        yield from (*self.whole(), *self.unbounded(), *self.searched(), *self.filtered(), *self.placed())

    def selected(self) -> Iterator[Probe]:
        """The search, and each filter of ids by one of them."""
        yield from self.searched()
        for probe in self.filtered():
            if probe.name.endswith("Id eq"):
                yield probe

    @property
    def is_selective(self) -> bool:
        """Whether there is any such."""
        return any(True for _ in self.selected())

    def placed(self) -> Iterator[Probe]:
        """What follows and what precedes the tenant's row in each order, by its cursor."""
        for order, column in self.listing.orders.items():
            for mark in ("after", "before"):

                def asked(tenant: Inhabitant, order: str = order, key: str = column.key, mark: str = mark) -> Variables:
                    row = tenant.rows[self.type_name]
                    placed: Variables = {mark: encode_cursor(order, getattr(row, key), row.id)}
                    if "orderBy" in self.field.args:
                        placed |= _ordered(order, "ASC")
                    return placed

                yield Probe(f"{self.name} {mark} a cursor of {order}", self.text, self._with(asked))

    def _main_row(self, tenant: Inhabitant) -> UUID:
        found: UUID = tenant.rows[self.type_name].id
        return found

    def _with(self, more: Callable[[Inhabitant], Variables]) -> Callable[[Inhabitant], Variables]:
        return lambda tenant: {"first": 100, **more(tenant)}


def _ordered(order: str, direction: str) -> Variables:
    return {"orderBy": {"field": order, "direction": direction}}


def _constant(variables: Variables) -> Callable[[Inhabitant], Variables]:
    return lambda _: variables


def root_connections() -> Iterator[Connection]:
    """Every root field that pages through all rows of a type."""
    for name, field in fields_from(root_type("Query"), RootMany).items():
        source = source_of(field)
        assert isinstance(source, RootMany)
        type_ = shown_by(field)
        shown = f"{{ {PAGE} edges {{ cursor node {{ {WHOSE} }} }} nodes {{ {WHOSE} }} }}"
        text = f"query ({_declarations(field)}) {{ {name}({_passed(field)}) {shown} }}"
        yield Connection(name, text, type_.name, field, source.listing)


def related_connections() -> Iterator[tuple[str, Connection]]:
    """Every relation to many, with the type it leaves from; the operation takes that row's `id` besides."""
    for parent, type_ in node_types().items():
        for name, field in fields_from(type_, ToMany).items():
            source = source_of(field)
            assert isinstance(source, ToMany)
            shown = shown_by(field)
            page = f"{{ {PAGE} nodes {{ {WHOSE} }} }}"
            text = (
                f"query ($id: ID!, {_declarations(field)}) "
                f"{{ node(id: $id) {{ id ... on {parent} {{ {name}({_passed(field)}) {page} }} }} }}"
            )
            yield parent, Connection(f"{parent}.{name}", text, shown.name, field, source.pages.listing)


@dataclass(frozen=True)
class RelationProbe:
    """A relation of a type, and the relations of what it leads to."""

    name: str
    text: str
    type_name: str


def relations() -> Iterator[RelationProbe]:
    """Every relation of every type, two levels deep."""
    for parent, type_ in node_types().items():
        for name, field in fields_from(type_, *RELATIONS).items():
            shown = relation(name, field, 2)
            text = f"query ($id: ID!) {{ node(id: $id) {{ id ... on {parent} {{ {shown} }} }} }}"
            yield RelationProbe(f"{parent}.{name}", text, parent)


def _declarations(field: GraphQLField) -> str:
    return ", ".join(f"${name}: {argument.type}" for name, argument in field.args.items())


def _passed(field: GraphQLField) -> str:
    return ", ".join(f"{name}: ${name}" for name in field.args)


def _input_class(type_: Any) -> type[Any]:
    origin: type[Any] = get_named_type(type_).extensions["strawberry-definition"].origin
    return origin


def _comparison(annotation: Any) -> Any:
    """The class of comparisons in a filter's annotation, `StringFilter | None`."""
    found = getattr(annotation, "of_type", annotation)
    kinds = [each for each in getattr(found, "__args__", (found,)) if each is not type(None)]
    return kinds[0] if len(kinds) == 1 else None


def _camel(name: str) -> str:
    head, *rest = name.split("_")
    return head + "".join(word.capitalize() for word in rest)


def found_nothing(data: Mapping[str, Any] | None) -> bool:
    """Whether an answer of one root field shows no object."""
    (value,) = data.values() if data else (None,)
    if isinstance(value, list):
        return all(each is None for each in value)
    if isinstance(value, dict) and "totalCount" in value:
        return not value["totalCount"] and not value["nodes"]
    return value is None
