"""Twilio for tests: plays status callbacks to the server, signed as Twilio signs them."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from email.utils import format_datetime
from urllib.parse import urlencode

import httpx2

from resolvers.rules.telephony import twilio_signature
from tests.support.store import START

PUBLIC_URL = "https://api.example.com"
TOKEN = "5f1e0d9c8b7a695847362514f0e1d2c3"
ACCOUNT_SID = "AC0123456789abcdef0123456789abcdef"
CALL_SID = "CAfedcba9876543210fedcba9876543210"
OUR_NUMBER = "+912248001234"
CUSTOMER = "+919812345678"

Parameters = list[tuple[str, str]]


def callback(status: str, at: datetime | None, **more: str) -> Parameters:
    """The parameters of one status callback of an outbound call, as Twilio names them and empty ones included."""
    given = {
        "ApiVersion": "2010-04-01",
        "Called": CUSTOMER,
        "CalledCity": "",
        "CalledCountry": "IN",
        "CalledState": "",
        "CalledZip": "",
        "Caller": OUR_NUMBER,
        "CallerCity": "",
        "CallerCountry": "IN",
        "CallerState": "",
        "CallerZip": "",
        "AccountSid": ACCOUNT_SID,
        "CallSid": CALL_SID,
        "CallStatus": status,
        "CallbackSource": "call-progress-events",
        "Direction": "outbound-api",
        "From": OUR_NUMBER,
        "FromCountry": "IN",
        "To": CUSTOMER,
        "ToCountry": "IN",
        **more,
    }
    if at is not None:
        given["Timestamp"] = format_datetime(at)
    return sorted(given.items())


def recorded() -> list[Parameters]:
    """All callbacks of a call that was answered after 7 seconds and ended after 67, in their order."""
    return [
        callback("queued", START, SequenceNumber="0"),
        callback("initiated", START + timedelta(seconds=1), SequenceNumber="0"),
        callback("ringing", START + timedelta(seconds=3), SequenceNumber="1"),
        callback("in-progress", START + timedelta(seconds=7), SequenceNumber="2"),
        callback(
            "completed",
            START + timedelta(seconds=67),
            SequenceNumber="3",
            CallDuration="60",
            Duration="1",
            SipResponseCode="200",
        ),
    ]


@dataclass(frozen=True)
class Twilio:
    """An account with Twilio that reports to one ingest path."""

    http: httpx2.AsyncClient
    path: str
    token: str = TOKEN
    signed_base: str = PUBLIC_URL

    async def post(self, parameters: Parameters, headers: Mapping[str, str] | None = None) -> httpx2.Response:
        """Send one callback, signed for the public address unless the headers say otherwise."""
        signature = twilio_signature(self.token, f"{self.signed_base}{self.path}", parameters)
        return await self.http.post(
            self.path,
            content=urlencode(parameters),
            headers={
                "Content-Type": "application/x-www-form-urlencoded; charset=UTF-8",
                "User-Agent": "TwilioProxy/1.1",
                "X-Twilio-Signature": signature,
                **(headers or {}),
            },
        )

    async def play(self, callbacks: Sequence[Parameters]) -> list[int]:
        """Send the callbacks one after the other; the statuses of the answers."""
        return [(await self.post(parameters)).status_code for parameters in callbacks]

    async def play_at_once(self, callbacks: Sequence[Parameters]) -> list[int]:
        """Send the callbacks all at the same time; the statuses of the answers."""
        answers = await asyncio.gather(*(self.post(parameters) for parameters in callbacks))
        return [answer.status_code for answer in answers]

    def at(self, path: str) -> "Twilio":
        """The same account, reporting elsewhere."""
        return replace(self, path=path)

    def signing_with(self, token: str) -> "Twilio":
        """The same account with another auth token."""
        return replace(self, token=token)
