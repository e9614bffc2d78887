"""What mutations and streams show, made up: outcomes as if actions had run, messages as if things had happened."""

from datetime import timedelta
from random import Random
from typing import Any
from uuid import UUID

from graphql import FieldNode, GraphQLObjectType, OperationDefinitionNode, get_named_type, parse
from uuid_utils.compat import uuid7

from db.enums.events import ActorKind
from db.events import Event
from gql.core.messages import (
    ChangeMessage,
    EndMessage,
    GapMessage,
    ItemMessage,
    ReconnectMessage,
    RemovalMessage,
)
from gql.core.mutations import Affected
from gql.core.subscriptions import Live, LiveObjects
from resolvers.core import errors
from resolvers.core.writes import Outcome
from tests.execution.operations import SCHEMA
from tests.execution.population import World, node_type_names
from tests.support.store import START


def outcomes(rnd: Random, world: World, text: str) -> dict[str, Any]:
    """An outcome, or an exception, for each root field of the mutations."""
    (definition,) = [part for part in parse(text).definitions if isinstance(part, OperationDefinitionNode)]
    root = SCHEMA.type_map["Mutation"]
    assert isinstance(root, GraphQLObjectType)
    found: dict[str, Any] = {}
    for node in definition.selection_set.selections:
        if isinstance(node, FieldNode) and node.name.value in root.fields:
            payload: Any = get_named_type(root.fields[node.name.value].type)
            found[(node.alias or node.name).value] = _outcome(rnd, world, payload)
    return found


def _outcome(rnd: Random, world: World, payload: GraphQLObjectType) -> Any:
    if rnd.random() < 0.08:
        return rnd.choice([errors.BadUserInput("no"), errors.Forbidden("deal:write"), RuntimeError("broken")])
    ids: dict[str, UUID] = {}
    for definition in payload.fields.values():
        source = definition.extensions["strawberry-definition"].source
        if isinstance(source, Affected):
            row = rnd.choice([*world.of_type(get_named_type(definition.type).name), None])
            if row is not None or rnd.random() < 0.3:
                ids[source.name] = row["id"] if row else uuid7()
    refusals = [_refusal(rnd, world) for _ in range(rnd.choice([0, 0, 1, 3]))]
    return Outcome(ids, refusals, rnd.choice([None, 7]), Secrets())


class Secrets(dict[str, Any]):
    """A secret under every name that is asked for."""

    def get(self, key: str, default: Any = None) -> Any:
        """A time for what ends so, else a text."""
        return START if key.endswith("_at") else f"secret {key}"


def _refusal(rnd: Random, world: World) -> errors.UserError:
    type_name = rnd.choice(node_type_names())
    rows = world.of_type(type_name)
    return rnd.choice(
        [
            errors.NotFound("There is none.", ("input", "id")),
            errors.Conflict("Changed.", ("input", 3), type_name=type_name, object_id=rnd.choice(rows)["id"]),
            errors.Conflict("Gone.", type_name=type_name, object_id=uuid7()),
            errors.Conflict("Taken."),
            errors.ValidationFailed("Wrong.", ("input", "x")),
            errors.TransitionRefused("NEW", "WON", ["TALK"], ("input",)),
            errors.LimitExceeded("Full.", 5),
            errors.PermissionDenied("Not this."),
            errors.RateLimited("Slowly.", 9),
        ]
    )


def message(rnd: Random, world: World, text: str) -> Any:
    """A message for the subscription's one root field."""
    root = SCHEMA.type_map["Subscription"]
    assert isinstance(root, GraphQLObjectType)
    (definition,) = [part for part in parse(text).definitions if isinstance(part, OperationDefinitionNode)]
    node = definition.selection_set.selections[0]
    assert isinstance(node, FieldNode)
    live = root.fields[node.name.value].extensions["strawberry-definition"].source
    assert isinstance(live, Live)
    anywhere = [GapMessage(1, 4), ReconnectMessage(250, 9)]
    if not isinstance(live, LiveObjects):
        type_name = rnd.choice(node_type_names())
        object_id = rnd.choice([rnd.choice(world.of_type(type_name))["id"], uuid7()])
        event = _event(rnd, world, live, rnd.choice([type_name, "UserSession"]), object_id)
        return rnd.choice([*anywhere, *[ChangeMessage(event)] * 4])
    rows = world.rows[live.loader.row.__tablename__]
    object_id = rnd.choice([rnd.choice(rows)["id"], uuid7()])
    event = _event(rnd, world, live, rnd.choice(["Call", "CallbackRequest"]), object_id)
    return rnd.choice(
        [
            *anywhere,
            ItemMessage(object_id),
            ChangeMessage(event, live.statuses),
            ChangeMessage(event, live.statuses),
            RemovalMessage(event),
            EndMessage(5, 1, rnd.choice([True, False])),
        ]
    )


def _event(rnd: Random, world: World, live: Live, object_type: str, object_id: UUID) -> Event:
    statuses = [None, *((isinstance(live, LiveObjects) and live.statuses) or ())]
    stages = [None, *(str(row["id"]) for row in world.of_type("PipelineStage"))]
    return Event(
        tenant_id=world.tenant.id,
        position=rnd.randint(1, 2**40),
        id=uuid7(),
        type=rnd.choice(sorted(live.types)),
        object_type=object_type,
        object_id=object_id,
        payload={
            "changed": rnd.choice([[], ["ended_at", "status"]]),
            "old_status": _name(rnd.choice(statuses)),
            "new_status": _name(rnd.choice(statuses)),
            "old_stage_id": rnd.choice(stages),
            "new_stage_id": rnd.choice(stages),
        },
        actor_kind=rnd.choice(list(ActorKind)),
        occurred_at=START + timedelta(microseconds=rnd.choice([0, 5])),
    )


def _name(status: Any) -> str | None:
    return None if status is None else str(status.value)
