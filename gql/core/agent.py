"""The interface `Agent`: what voice agents, insurance agents and department agents have in common.

A type joins by extending it instead of Node (`class VoiceAgent(Agent)`) and giving both fields a source of its
own: `display_name = column("…", of="name")` and `kind = of_kind(AgentKind.VOICE_AGENT)`.
"""

from typing import Any

import strawberry

from db.enums import Choice
from gql.core.enums import enum_type
from gql.core.fields import by_hand, computed
from gql.core.node import Node


@enum_type
class AgentKind(Choice):
    """Which of the kinds of agents somebody or something is."""

    VOICE_AGENT = "VOICE_AGENT", "An AI that speaks on calls."
    INSURANCE_AGENT = "INSURANCE_AGENT", "A licensed human seller of insurance."
    DEPARTMENT_AGENT = "DEPARTMENT_AGENT", "An AI worker of a department."


def _left_open(*_: object) -> Any:
    raise NotImplementedError("each kind of agent says where this field comes from")


@strawberry.interface(description="Somebody, human or AI, who looks after customers.")
class Agent(Node):
    display_name: str = by_hand(_left_open, "The name that customers and colleagues see.")
    kind: AgentKind = by_hand(_left_open, "Which kind of agent this is.")


def of_kind(kind: AgentKind) -> Any:
    """The field `kind` of a type all of whose objects are of that kind."""
    return computed(lambda *_: kind, (), "Which kind of agent this is.")
