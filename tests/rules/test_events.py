"""Who is told of which events."""

from db.enums.events import EventType
from gql.core.node import node_type_named
from resolvers.rules import events as rules
from resolvers.rules.access import PERMISSIONS
from tests.support.schema import node_types


def test_each_type_of_event_is_about_one_type_of_object_with_one_permission() -> None:
    assert set(rules.OBJECT_TYPES) == set(EventType)
    assert set(rules.OBJECT_TYPES.values()) == set(rules.PERMISSIONS)
    assert set(rules.PERMISSIONS.values()) <= set(PERMISSIONS)


def test_to_be_told_of_an_object_takes_what_reading_it_takes() -> None:
    shown = {name: node_type_named(name) if name in node_types() else None for name in rules.PERMISSIONS}
    assert {name for name, found in shown.items() if found is None} == {"UserSession"}
    for name, found in shown.items():
        assert found is None or found.permission == rules.PERMISSIONS[name]


def test_who_may_read_nothing_is_told_nothing_and_who_may_read_all_is_told_all() -> None:
    assert rules.readable_types(frozenset()) == frozenset()
    assert rules.readable_types(frozenset({"event:read"})) == frozenset()
    assert rules.readable_types(frozenset(PERMISSIONS)) == frozenset(EventType)
    assert rules.readable_types(frozenset({"call:read"})) == {
        EventType.CALL_CREATED,
        EventType.CALL_STATUS_CHANGED,
        EventType.CALL_UPDATED,
    }
