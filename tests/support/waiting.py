"""Waiting for what comes to pass by itself: by its condition, with patience, and never for a fixed time."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

PATIENCE_SECONDS: Final = 60.0  # a busy machine may take its time


async def eventually(true: Callable[[], object], seconds: float = PATIENCE_SECONDS) -> None:
    """Wait until the function says true."""
    async with asyncio.timeout(seconds):
        while True:
            if true():
                return
            await asyncio.sleep(0.01)


async def eventually_true(true: Callable[[], Awaitable[object]], seconds: float = PATIENCE_SECONDS) -> None:
    """Wait until what the function returns is true."""
    async with asyncio.timeout(seconds):
        while True:
            if await true():
                return
            await asyncio.sleep(0.02)
