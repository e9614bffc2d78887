"""Calls and transcripts for tests."""

from datetime import timedelta
from typing import Any

from db.calls import Call, CallTranscript
from db.enums.calls import CallDirection, CallStatus
from db.organizations import Tenant
from tests.factories.integrations import integration
from tests.support.store import START, Store


async def call(store: Store, tenant: Tenant, **values: Any) -> Call:
    """A call that came in, was answered and has ended; by an integration of its own unless one is given."""
    number = store.number()
    if "integration_id" not in values:
        values["integration_id"] = (await integration(store, tenant)).id
    return await store.add(
        Call(
            **{
                "tenant_id": tenant.id,
                "provider_call_id": f"CA{number:032x}",
                "direction": CallDirection.INBOUND,
                "status": CallStatus.COMPLETED,
                "from_number": f"+91982{number:07d}",
                "to_number": f"+91225{number:07d}",
                "initiated_at": START,
                "answered_at": START + timedelta(seconds=5),
                "ended_at": START + timedelta(seconds=65),
                "duration_seconds": 60,
                **values,
            }
        )
    )


async def call_transcript(store: Store, tenant: Tenant, **values: Any) -> CallTranscript:
    """What was said on a call, of its own unless one is given."""
    if "call_id" not in values:
        values["call_id"] = (await call(store, tenant)).id
    turns = [
        {"speaker": "VOICE_AGENT", "text": "Good morning.", "started_ms": 0, "ended_ms": 900, "confidence": 0.98},
        {"speaker": "CONTACT", "text": "I want to renew my policy.", "started_ms": 1200, "ended_ms": 3100},
    ]
    return await store.add(
        CallTranscript(
            **{
                "tenant_id": tenant.id,
                "language": "en-IN",
                "turns": turns,
                "full_text": "Good morning. I want to renew my policy.",
                "summary": "The caller wants to renew a policy.",
                "key_topics": ["renewal"],
                "word_count": 8,
                "confidence": 0.97,
                **values,
            }
        )
    )
