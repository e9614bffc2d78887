"""Loading the demo: what is missing of it, tenant by tenant."""

import asyncio
from collections.abc import Callable, Mapping
from typing import Final

from resolvers.access import ensure_system_roles
from resolvers.core.context import Services
from resolvers.demo import sign_ins, world
from resolvers.demo.plan import TenantPlan, plans

AT_ONCE: Final = 2  # tenants that are made and stored at a time: what two cores can do


async def load(services: Services, *, passwords: Mapping[str, str], size: str, say: Callable[[str], None]) -> None:
    """Load what is missing of a size, `small` or `large` (which has the small one in it).

    A tenant is stored whole or not at all, so that loading again goes on where it was interrupted, and does
    nothing when all is there. Either way the sign-ins have the given passwords (by e-mail address)
    afterwards, and the tenants' system roles today's permissions. Raises ValueError for another size, and
    Invalid for a password that the rules refuse.
    """
    wanted, now = plans(size), services.clock.now()
    missing = [plan for plan in wanted if not await world.is_stored(services.database, plan)]
    if missing:
        say(f"Loading demo data ({size}): {len(missing)} tenants …")
    turns = asyncio.Semaphore(AT_ONCE)
    done = 0

    async def store(plan: TenantPlan) -> None:
        nonlocal done
        async with turns:
            made = await asyncio.to_thread(world.make, plan, now)
            await world.store(services.database, services.keyring, made)
        done += 1
        say(f"  {done} of {len(missing)}: {plan.name}")

    await asyncio.gather(*map(store, missing))
    for plan in wanted:
        if plan not in missing:
            async with services.database.write(plan.id) as session:
                await ensure_system_roles(session, plan.id, now)
    await sign_ins.set_passwords(services, passwords)
