"""The demo as it is made, without a database: always the same, by the rules, and believable at any hour."""

import hashlib
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import orjson
import pytest

from db.enums.callbacks import CallbackActivityType, CallbackRequestType, CallbackStatus
from db.enums.calls import CallDirection, CallStatus
from db.enums.contacts import CustomerValue
from db.enums.deals import DealType
from db.enums.policies import PolicyPaymentStatus, PolicyStatus
from resolvers import demo
from resolvers.core.phones import to_e164
from resolvers.demo import world
from resolvers.demo.plan import plans
from resolvers.rules import callbacks, policies
from resolvers.rules.core import normalise_email
from resolvers.rules.insurance_agents import parse_schedule
from tests.support.store import START

INSTANTS = [
    START,
    datetime(2026, 12, 27, 22, 17, 3, tzinfo=UTC),  # a Sunday night
    datetime(2027, 1, 1, 0, 0, 1, tzinfo=UTC),
    datetime(2028, 2, 29, 12, 30, tzinfo=UTC),
    datetime(2026, 3, 29, 1, 30, tzinfo=UTC),  # the hour that Berlin skips
    datetime(2026, 10, 25, 0, 59, 59, 123_456, tzinfo=UTC),  # the hour that Berlin has twice
    datetime(2026, 5, 31, 18, 45, tzinfo=UTC),
]
STILL_TO_COME = {
    ("activities", "scheduled_at"),
    ("activities", "due_at"),
    ("activities", "follow_up_at"),
    ("contacts", "next_activity_at"),
    ("accounts", "next_activity_at"),
    ("callback_requests", "due_at"),
}
DIGEST = """
import hashlib, sys, orjson
from datetime import datetime
import db.all
from resolvers import demo
from resolvers.demo import world
made = world.make(demo.SMALL[0], datetime.fromisoformat(sys.argv[1])).book.rows
print(hashlib.sha256(orjson.dumps(made, default=str)).hexdigest())
"""

Rows = Mapping[str, list[dict[str, Any]]]


@pytest.fixture(params=INSTANTS, ids=str, scope="module")
def now(request: pytest.FixtureRequest) -> datetime:
    """When the demo is loaded."""
    instant: datetime = request.param
    return instant


@pytest.fixture(params=demo.SMALL, ids=lambda plan: str(plan.slug), scope="module")
def made(request: pytest.FixtureRequest, now: datetime) -> world.World:
    """A tenant of the small demo."""
    return world.make(request.param, now)


@pytest.mark.parametrize("seed", ["1", "2"])
def test_the_same_time_makes_the_same_rows_in_every_process(seed: str) -> None:
    made = world.make(demo.SMALL[0], START).book.rows
    digest = hashlib.sha256(orjson.dumps(made, default=str)).hexdigest()
    environment = {**os.environ, "PYTHONHASHSEED": seed}
    done = subprocess.run(
        [sys.executable, "-c", DIGEST, START.isoformat()], env=environment, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == digest


def test_people_and_logins_are_the_same_at_any_time() -> None:
    earlier, later = (world.make(demo.SMALL[0], at) for at in INSTANTS[:2])
    assert [login["email"] for login in earlier.logins] == [login["email"] for login in later.logins]
    assert [login["id"] for login in earlier.logins] == [login["id"] for login in later.logins]


def test_nothing_has_happened_yet_that_is_still_to_come(made: world.World) -> None:
    book = made.book
    for table, rows in book.rows.items():
        for row in rows:
            late = {
                name
                for name, value in row.items()
                if isinstance(value, datetime) and value > book.now and (table, name) not in STILL_TO_COME
            }
            assert not late, table
            assert row.get("updated_at", book.now) >= row.get("created_at", book.now - timedelta(days=9999)), table


def test_nobody_is_called_or_sold_to_before_they_are_known(made: world.World) -> None:
    rows = made.book.rows
    known = {contact["id"]: contact["created_at"] for contact in rows["contacts"]}
    holders = {holder["id"]: known[holder["contact_id"]] for holder in rows["policyholders"]}
    for call in rows["calls"]:
        assert call["contact_id"] is None or known[call["contact_id"]] <= call["initiated_at"]
    for table in ("deals", "callback_requests"):
        assert all(known[row["contact_id"]] <= row["created_at"] for row in rows[table])
    assert all(holders[policy["policyholder_id"]] <= policy["created_at"] for policy in rows["policies"])


def test_policies_are_as_the_rules_would_have_them(made: world.World) -> None:
    book, rows = made.book, made.book.rows
    types = {each["id"]: each for each in rows["policy_types"]}
    contacts = {contact["id"]: contact for contact in rows["contacts"]}
    holders = {holder["id"]: contacts[holder["contact_id"]] for holder in rows["policyholders"]}
    for policy in rows["policies"]:
        names = policies.PolicyTerms.__dataclass_fields__
        terms = policies.PolicyTerms(**{name: policy[name] for name in names})
        assert policies.check_terms(terms, book.today) == terms
        bounds = policies.PolicyProduct.__dataclass_fields__
        product = policies.PolicyProduct(**{name: types[policy["policy_type_id"]][name] for name in bounds})
        policies.check_product(terms, product, holders[policy["policyholder_id"]]["born_on"])
        steps = ("created_at", "submitted_at", "review_started_at", "approved_at", "activated_at", "status_changed_at")
        times = [policy[name] for name in steps if policy[name] is not None]
        assert times == sorted(times)


def test_premiums_stand_as_dates_and_frequency_say(made: world.World) -> None:
    today = made.book.today
    for policy in made.book.rows["policies"]:
        start_on, frequency, until = policy["start_on"], policy["premium_frequency"], policy["maturity_on"]
        due = policies.due_dates(start_on, frequency, until)
        status, payment = policy["status"], policy["payment_status"]
        if status is PolicyStatus.ACTIVE and payment is PolicyPaymentStatus.REGULAR:
            assert policy["next_due_on"] == policies.next_due_on(start_on, frequency, today, until)
            assert policy["payment_count"] == sum(day <= today for day in due)
            assert policy["outstanding_amount"] == 0
        elif status is PolicyStatus.ACTIVE:
            assert payment is PolicyPaymentStatus.OVERDUE
            assert policy["next_due_on"] == due[policy["payment_count"]] < today
            assert today <= policies.grace_ends_on(policy["next_due_on"], policy["grace_period_days"])
            assert policy["outstanding_amount"] >= policy["premium_amount"] > 0
        elif status is PolicyStatus.LAPSED:
            assert payment is PolicyPaymentStatus.LAPSED
            assert policy["next_due_on"] == due[policy["payment_count"]]
            last_day = policies.grace_ends_on(policy["next_due_on"], policy["grace_period_days"])
            assert last_day < made.book.local_date(policy["lapsed_at"]) <= today
        elif policy["activated_at"] is None and status is not PolicyStatus.CANCELLED:
            assert (policy["next_due_on"], payment) == (start_on, PolicyPaymentStatus.PENDING)
        else:
            assert policy["next_due_on"] is None


def test_every_policy_status_occurs(made: world.World) -> None:
    assert {policy["status"] for policy in made.book.rows["policies"]} == set(PolicyStatus)


def test_callbacks_stand_in_the_states_that_are_wanted(made: world.World) -> None:
    book = made.book
    states = Counter(request["status"] for request in book.rows["callback_requests"])
    for status, number in book.size.open_callbacks.items():
        assert states[status] == number
    assert sum(states.values()) == book.size.callbacks
    assert {CallbackStatus.COMPLETED, CallbackStatus.CANCELLED} <= states.keys()


def test_callbacks_are_due_and_scored_by_the_rules(made: world.World) -> None:
    queues = {queue["id"]: queue for queue in made.book.rows["callback_queues"]}
    entries = made.book.rows["callback_activities"]
    for request in made.book.rows["callback_requests"]:
        request_type: CallbackRequestType = request["request_type"]
        value: CustomerValue = request["customer_value"]
        first = callbacks.priority_of(callbacks.priority_score(request_type, request["urgency"], value))
        hours = callbacks.sla_hours(None, queues[request["queue_id"]]["sla_hours"], first)
        assert request["due_at"] == callbacks.due_at(request["created_at"], hours)
        moves = [
            entry
            for entry in entries
            if entry["callback_request_id"] == request["id"] and entry["new_status"] is not None
        ]
        age = callbacks.age_hours(request["created_at"], moves[-1]["created_at"])
        assert request["priority_score"] == callbacks.priority_score(request_type, request["urgency"], value, age)
        assert request["priority"] is callbacks.priority_of(request["priority_score"])
        assert [move["old_status"] for move in moves] == [None, *(move["new_status"] for move in moves[:-1])]
        assert moves[-1]["new_status"] is request["status"]
        if callbacks.is_open(request["status"]):
            is_past = request["due_at"] <= made.book.now
            assert is_past == (request["overdue_at"] is not None)


def test_assignees_were_on_duty_and_take_such_callbacks(made: world.World) -> None:
    agents = {agent["id"]: agent for agent in made.book.rows["insurance_agents"]}
    requests = {request["id"]: request for request in made.book.rows["callback_requests"]}
    assigned = (CallbackActivityType.ASSIGNED, CallbackActivityType.REASSIGNED)
    for entry in made.book.rows["callback_activities"]:
        if entry["activity_type"] in assigned:
            agent = agents[entry["insurance_agent_id"]]
            request = requests[entry["callback_request_id"]]
            schedule = parse_schedule(("availability_schedule",), agent["availability_schedule"])
            assert schedule is None or schedule.is_open(entry["created_at"])
            assert agent["is_available"]
            taken = set(agent["specialities"])
            assert not taken or taken & {request["request_type"].value, request["category"].value}


def test_a_transcript_lasts_as_long_as_its_call(made: world.World) -> None:
    calls = {call["id"]: call for call in made.book.rows["calls"]}
    transcripts = made.book.rows["call_transcripts"]
    answered = [call for call in calls.values() if call["status"] is CallStatus.COMPLETED]
    assert len(transcripts) == len(answered) > 0
    for transcript in transcripts:
        call = calls[transcript["call_id"]]
        times = [moment for turn in transcript["turns"] for moment in (turn["started_ms"], turn["ended_ms"])]
        assert times == sorted(times)
        assert call["duration_seconds"] - 1 <= times[-1] / 1000 <= call["duration_seconds"]
        assert "{" not in transcript["full_text"] + transcript["summary"]
        assert transcript["word_count"] == len(transcript["full_text"].split())


def test_a_call_leads_to_policies_deals_and_callbacks_of_its_contact(made: world.World) -> None:
    rows = made.book.rows
    holders = {holder["contact_id"] for holder in rows["policyholders"]}
    with_deals = {deal["contact_id"] for deal in rows["deals"]}
    with_callbacks = {request["contact_id"] for request in rows["callback_requests"]}
    whole = holders & with_deals & with_callbacks
    assert any(call["contact_id"] in whole for call in rows["calls"])
    calls = {call["id"]: call for call in rows["calls"]}
    asked = [request for request in rows["callback_requests"] if request["call_id"] is not None]
    assert asked
    for request in asked:
        call = calls[request["call_id"]]
        assert (call["contact_id"], call["direction"]) == (request["contact_id"], CallDirection.INBOUND)
        assert call["ended_at"] == request["created_at"]


def test_addresses_are_written_as_they_are_stored_and_belong_to_nobody(made: world.World) -> None:
    rows = made.book.rows
    numbers = [
        *(contact["mobile"] for contact in rows["contacts"]),
        *(account["phone"] for account in rows["accounts"]),
        *(number["number"] for number in rows["phone_numbers"]),
    ]
    assert len(set(numbers)) == len(numbers)
    assert all(to_e164(number) == number for number in numbers)
    emails = [row["email"] for table in ("contacts", "accounts", "users") for row in rows[table]]
    assert len(set(emails)) == len(emails)
    for email in emails:
        assert normalise_email(("email",), email) == email
        assert email.endswith(".example")


def test_renewals_are_of_policies_that_are_renewed(made: world.World) -> None:
    held = {policy["id"]: policy for policy in made.book.rows["policies"]}
    renewals = [deal for deal in made.book.rows["deals"] if deal["deal_type"] is DealType.RENEWAL]
    assert renewals
    for deal in renewals:
        assert held[deal["policy_id"]]["renewal_on"] == deal["expected_close_on"]


def test_the_large_demo_holds_what_the_benchmark_asks_for() -> None:
    large = [plan for plan in plans("large") if plan not in plans("small")]
    assert len(large) == 20
    assert {plan.market.currency for plan in large} == {"INR", "EUR", "USD"}
    rows: Rows = world.make(large[-1], START).book.rows
    wanted = {"deals": 50_000, "deal_products": 150_000, "calls": 200_000, "activities": 100_000}
    assert {table: 20 * len(rows[table]) for table in wanted} == wanted
    assert all(deal["value"] > Decimal(0) for deal in rows["deals"])


def test_there_is_no_other_size() -> None:
    with pytest.raises(ValueError, match="choose small or large"):
        plans("medium")
