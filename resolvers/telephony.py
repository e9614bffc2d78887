"""What others ask of telephone numbers while they write: whose a number is."""

from sqlalchemy import select

from db import telephony as rows
from resolvers.core.writes import Write


async def phone_number(write: Write, number: str) -> rows.PhoneNumber | None:
    """The tenant's own number, written in E.164; None when it is not the tenant's."""
    found: rows.PhoneNumber | None = await write.session.scalar(
        select(rows.PhoneNumber).where(rows.PhoneNumber.number == number)
    )
    return found
