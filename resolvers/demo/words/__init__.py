"""What the demo says: everything that people would read or hear, in one language."""

from collections.abc import Mapping
from dataclasses import dataclass

from db.enums.activities import ActivityType
from db.enums.callbacks import CallbackCategory, CallbackRequestType, CallbackUrgency
from db.enums.calls import CallDirection
from db.enums.policies import PolicyCategory


@dataclass(frozen=True, slots=True)
class Asked:
    """The callback that a caller asks for."""

    request_type: CallbackRequestType
    category: CallbackCategory
    urgencies: tuple[CallbackUrgency, ...]


@dataclass(frozen=True, slots=True)
class Dialogue:
    """A call as it may go.

    `voice_agent` is the position of the one who speaks. A turn begins with `A:` (the voice agent) or `C:`
    (the contact); ` | ` parts wordings that mean the same. Braces hold facts: {brand}, {agent}, {first},
    {name}, {product}, {policy}, {amount}, {due}. `mood` bounds the sentiment, -1 to 1; `category` is of the
    policies that it can be about.
    """

    key: str
    direction: CallDirection
    voice_agent: int
    needs_policy: bool
    topics: tuple[str, ...]
    summary: str
    mood: tuple[float, float]
    turns: tuple[str, ...]
    asked: Asked | None = None
    category: PolicyCategory | None = None


@dataclass(frozen=True, slots=True)
class Script:
    """A voice agent: who it is and what it is told."""

    name: str
    description: str
    prompt: str
    changes: tuple[str, str, str]


@dataclass(frozen=True, slots=True)
class Named:
    """Something with a name and a sentence about it."""

    name: str
    description: str


@dataclass(frozen=True, slots=True)
class Words:
    """One language. Texts of deals, activities and callbacks may hold {name}, {first}, {product}, {policy}."""

    job_titles: Mapping[str, str]
    agent_titles: tuple[str, str, str]
    professions: tuple[str, ...]
    positions: tuple[str, ...]
    industries: tuple[str, ...]
    tags: tuple[str, ...]
    contact_notes: tuple[str, ...]
    educations: tuple[str, ...]
    teams: tuple[Named, Named, Named]
    queues: tuple[Named, Named, Named]
    pipelines: tuple[Named, Named]
    extras: tuple[tuple[str, str], ...]
    sales_stages: tuple[str, ...]
    renewal_stages: tuple[str, ...]
    sale_title: str
    group_title: str
    renewal_title: str
    lead_sources: tuple[str, ...]
    competitors: tuple[str, ...]
    next_steps: tuple[str, ...]
    won_reasons: tuple[str, ...]
    lost_reasons: tuple[str, ...]
    move_notes: tuple[str, ...]
    subjects: Mapping[ActivityType, tuple[str, ...]]
    outcomes: tuple[str, ...]
    cancelled_activity: str
    numbers: tuple[str, ...]
    scripts: tuple[Script, Script, Script]
    dialogues: tuple[Dialogue, ...]
    callbacks: Mapping[CallbackRequestType, tuple[str, ...]]
    resolutions: Mapping[CallbackRequestType, str]
    cancellations: tuple[str, ...]
    ratings: Mapping[int, str]
    attempts: tuple[str, ...]
    withdrawn: str
    rejected: str
    requested: str
