"""What the people of a tenant did, do and plan about their customers."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from db.activities import Activity
from db.enums.activities import ActivityPriority, ActivityStatus, ActivityType
from db.enums.deals import DealStatus
from resolvers.demo.book import Book, Row
from resolvers.demo.insurance import Portfolio

_TYPES: Final = (
    (ActivityType.CALL, 26.0),
    (ActivityType.EMAIL, 18.0),
    (ActivityType.MEETING, 16.0),
    (ActivityType.TASK, 16.0),
    (ActivityType.NOTE, 7.0),
    (ActivityType.FOLLOW_UP, 8.0),
    (ActivityType.PROPOSAL, 5.0),
    (ActivityType.DEMO, 2.0),
    (ActivityType.OTHER, 2.0),
)
_MINUTES: Final[Mapping[ActivityType, tuple[int, int]]] = {
    ActivityType.CALL: (3, 25),
    ActivityType.EMAIL: (3, 10),
    ActivityType.MEETING: (30, 90),
    ActivityType.TASK: (10, 60),
    ActivityType.NOTE: (1, 4),
    ActivityType.DEMO: (20, 45),
    ActivityType.PROPOSAL: (30, 60),
    ActivityType.FOLLOW_UP: (3, 20),
    ActivityType.OTHER: (2, 10),
}
_PAST: Final = (
    (ActivityStatus.COMPLETED, 84.0),
    (ActivityStatus.CANCELLED, 9.0),
    (ActivityStatus.NO_SHOW, 7.0),
)
_PRIORITIES: Final = (
    (ActivityPriority.LOW, 15.0),
    (ActivityPriority.MEDIUM, 55.0),
    (ActivityPriority.HIGH, 22.0),
    (ActivityPriority.URGENT, 8.0),
)
PLANNED_SHARE: Final = 0.3
RUNNING: Final = 2  # activities that are going on now


def plan_activities(
    book: Book,
    contacts: Sequence[Row],
    accounts: Sequence[Row],
    deals: Sequence[Row],
    portfolio: Portfolio,
    calls: Sequence[Row],
) -> None:
    """Activities about deals, policies, calls and contacts; those keep when the last was and the next is."""
    by_id = {row["id"]: row for row in (*contacts, *accounts)}
    owners = {policy["id"]: contact_id for contact_id, held in portfolio.held.items() for policy in held}
    answered = [call for call in calls if call["answered_at"] is not None and call["contact_id"] is not None]
    is_open = [deal for deal in deals if deal["status"] is DealStatus.OPEN] or list(deals)
    for number in range(book.size.activities):
        is_planned = book.chance(PLANNED_SHARE)
        kind = book.rng.random()
        if kind < 0.5:
            deal = book.pick(is_open if is_planned else deals)
            about = {"deal_id": deal["id"], "contact_id": deal["contact_id"], "account_id": deal["account_id"]}
            since = deal["created_at"]
        elif kind < 0.7 and portfolio.policies:
            policy = book.pick(portfolio.policies)
            about = {"policy_id": policy["id"], "contact_id": owners[policy["id"]]}
            since = policy["created_at"]
        elif kind < 0.82 and answered:
            call = book.pick(answered)
            about = {"call_id": call["id"], "contact_id": call["contact_id"]}
            since = call["ended_at"] or call["answered_at"]
        else:
            contact = book.pick(contacts)
            about = {"contact_id": contact["id"], "account_id": contact["account_id"]}
            since = contact["created_at"]
        since = max(since, book.ago(days=book.size.days * 3))
        _act(book, by_id, about, since, is_planned, is_running=number < RUNNING)


def _act(
    book: Book,
    by_id: Mapping[UUID, Row],
    about: Mapping[str, Any],
    since: datetime,
    is_planned: bool,
    *,
    is_running: bool,
) -> None:
    contact = by_id[about["contact_id"]]
    activity_type = ActivityType.CALL if is_running else book.weighted(_TYPES)
    seconds = 60 * book.rng.randint(*_MINUTES[activity_type])
    if is_running:
        status, at = ActivityStatus.IN_PROGRESS, book.ago(minutes=book.rng.randint(1, 3))
    elif is_planned:
        at = book.working_time(book.now + timedelta(hours=2), book.now + timedelta(days=21))
        status = ActivityStatus.SCHEDULED
    else:
        at = book.working_time(since, max(since, book.ago(hours=2)))
        status = book.weighted(_PAST)
    made_at = min(book.between(max(since, at - timedelta(days=6)), at), book.now)
    owner_id = contact["owner_id"]
    activity = book.add(
        Activity,
        made_at,
        **about,
        activity_type=activity_type,
        subject=_subject(book, activity_type, contact),
        status=status,
        priority=book.weighted(_PRIORITIES),
        scheduled_at=at,
        due_at=at + timedelta(hours=book.rng.randint(1, 48)) if activity_type is ActivityType.TASK else None,
        duration_seconds=seconds,
        location=contact["city"] if activity_type is ActivityType.MEETING else None,
        tags=[],
        owner_id=owner_id,
        assignee_id=owner_id,
        created_by_id=owner_id,
    )
    if status is ActivityStatus.IN_PROGRESS:
        activity |= {"started_at": at, "updated_at": at, "version": 2}
    elif status is ActivityStatus.COMPLETED:
        ended_at = min(at + timedelta(seconds=seconds), book.now)
        activity |= {"started_at": at, "completed_at": ended_at, "updated_at": ended_at, "version": 3}
        activity["outcome"] = book.pick(book.words.outcomes)
        if book.chance(0.2):
            activity["is_follow_up_required"] = True
            activity["follow_up_at"] = book.at(book.today + timedelta(days=book.rng.randint(2, 14)), 10.5)
    elif status is not ActivityStatus.SCHEDULED:
        activity |= {"updated_at": max(at, made_at), "version": 2}
        if status is ActivityStatus.CANCELLED:
            activity["outcome_notes"] = book.words.cancelled_activity
    for row_id in (about["contact_id"], about.get("account_id")):
        if row_id is not None:
            _note(by_id[row_id], activity)


def _subject(book: Book, activity_type: ActivityType, contact: Row) -> str:
    return book.pick(book.words.subjects[activity_type]).format(
        first=contact["first_name"],
        name=f"{contact['first_name']} {contact['last_name']}",
        product=book.pick(book.market.products).name,
    )


def _note(row: Row, activity: Row) -> None:
    """Keep on a contact or account when something last happened, and what comes next."""
    if activity["status"] is ActivityStatus.COMPLETED:
        at = activity["completed_at"]
        row["last_activity_at"] = max(filter(None, (row["last_activity_at"], at)))
        talks = (ActivityType.CALL, ActivityType.MEETING, ActivityType.EMAIL)
        if activity["activity_type"] in talks and "last_contacted_at" in row:
            row["last_contacted_at"] = max(filter(None, (row["last_contacted_at"], at)))
    elif activity["status"] is ActivityStatus.SCHEDULED:
        row["next_activity_at"] = min(filter(None, (row["next_activity_at"], activity["scheduled_at"])))
