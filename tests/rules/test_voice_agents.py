"""Versions of a voice agent, and how many voice agents are active."""

from datetime import UTC, datetime
from uuid import UUID

import pytest

from db.enums.voice_agents import VoiceAgentStatus as Agent
from db.enums.voice_agents import VoiceAgentVersionStatus as Version
from resolvers.rules import IllegalTransition, Invalid, LimitExceeded
from resolvers.rules.voice_agents import (
    AGENT_TRANSITIONS,
    VERSION_TRANSITIONS,
    VersionChange,
    archive,
    check_activation_limit,
    check_agent_transition,
    check_version_editable,
    publish,
    start_testing,
)

NOW = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)
ONE, TWO = UUID(int=1), UUID(int=2)


def test_a_version_goes_from_draft_to_testing_to_published_to_archived() -> None:
    assert start_testing(ONE, Version.DRAFT, NOW) == VersionChange(
        ONE, Version.DRAFT, Version.TESTING, {"testing_started_at": NOW}
    )
    assert publish(ONE, Version.TESTING, None, NOW) == (
        VersionChange(ONE, Version.TESTING, Version.PUBLISHED, {"published_at": NOW}),
    )
    assert archive(ONE, Version.PUBLISHED, Agent.INACTIVE, NOW) == VersionChange(
        ONE, Version.PUBLISHED, Version.ARCHIVED, {"archived_at": NOW}
    )


def test_publishing_archives_the_version_published_before_it_first() -> None:
    replaced, published = publish(TWO, Version.TESTING, ONE, NOW)
    assert (replaced.version_id, replaced.new_status) == (ONE, Version.ARCHIVED)
    assert (published.version_id, published.new_status) == (TWO, Version.PUBLISHED)


@pytest.mark.parametrize("status", [Version.DRAFT, Version.PUBLISHED, Version.ARCHIVED])
def test_only_a_tested_version_is_published(status: Version) -> None:
    with pytest.raises(IllegalTransition) as refusal:
        publish(ONE, status, None, NOW)
    assert refusal.value.allowed == tuple(VERSION_TRANSITIONS[status])


@pytest.mark.parametrize("status", [Version.TESTING, Version.PUBLISHED, Version.ARCHIVED])
def test_no_version_goes_back_to_testing(status: Version) -> None:
    with pytest.raises(IllegalTransition):
        start_testing(ONE, status, NOW)


def test_the_published_version_of_an_active_voice_agent_stays() -> None:
    with pytest.raises(Invalid):
        archive(ONE, Version.PUBLISHED, Agent.ACTIVE, NOW)
    archive(ONE, Version.TESTING, Agent.ACTIVE, NOW)
    with pytest.raises(IllegalTransition):
        archive(ONE, Version.ARCHIVED, Agent.ACTIVE, NOW)


@pytest.mark.parametrize("status", Version)
def test_only_a_draft_can_be_changed(status: Version) -> None:
    if status is Version.DRAFT:
        check_version_editable(status)
        return
    with pytest.raises(Invalid) as refusal:
        check_version_editable(status)
    assert refusal.value.code == "IMMUTABLE"


@pytest.mark.parametrize("status", Agent)
@pytest.mark.parametrize("wanted", Agent)
def test_a_voice_agent_goes_only_where_its_status_leads(status: Agent, wanted: Agent) -> None:
    if wanted in AGENT_TRANSITIONS[status]:
        check_agent_transition(status, wanted, has_published_version=True)
        return
    with pytest.raises(IllegalTransition):
        check_agent_transition(status, wanted, has_published_version=True)


def test_a_voice_agent_without_a_published_version_is_not_activated() -> None:
    with pytest.raises(Invalid):
        check_agent_transition(Agent.DRAFT, Agent.ACTIVE, has_published_version=False)
    check_agent_transition(Agent.DRAFT, Agent.ARCHIVED, has_published_version=False)


def test_no_more_voice_agents_are_active_than_the_tenant_may_have() -> None:
    check_activation_limit(4, 5)
    for active in (5, 6):
        with pytest.raises(LimitExceeded) as refusal:
            check_activation_limit(active, 5)
        assert refusal.value.maximum == 5
