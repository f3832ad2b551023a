# SPDX-License-Identifier: Apache-2.0
"""Named asyncio tasks that use 1, 2 and 3 parts of the CPU time, each awaited by another task."""
import asyncio
import time


def burn(seconds):
    until = time.thread_time() + seconds
    while time.thread_time() < until:
        sum(range(200))


async def read(parts):
    for _ in range(40):
        burn(0.005 * parts)
        await asyncio.sleep(0)


async def fetch(parts):
    task = asyncio.ensure_future(read(parts))
    task.set_name("reader-%d" % parts)
    await task


async def main():
    await asyncio.gather(*(fetch(parts) for parts in (1, 2, 3)))


asyncio.new_event_loop().run_until_complete(main())
