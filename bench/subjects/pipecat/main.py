"""Pipecat as a subject of the real-time harness: its own process, its own language, the same wire as the others.

The wire is described in `bench/harness/protocol.ts`. Started by the harness as

    python -B main.py --port=<driver's port>

with the Python of a virtual environment that holds `pipecat-ai` (see `install-peer.ts`); by hand only to look at an
error. What is where:

- `link.py`       the driver's socket: messages, events, what the process has used
- `session.py`    one call: the pipeline, and which of Pipecat's settings are not its defaults
- `transport.py`  Pipecat's input and output transports on the driver's socket
- `providers.py`  recogniser, language model and synthesiser with the harness's scripts behind them
- `voice.py`      the agent's recorded voice and the position marks in it
"""

import argparse
import asyncio
import os
import sys


async def main() -> None:
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--port", type=int, required=True)

    from loguru import logger

    # Pipecat logs each frame's doings for a developer to read; a server would not.
    logger.remove()
    logger.add(sys.stderr, level="ERROR")

    from link import Link

    await Link(arguments.parse_args().port).run()
    # At once, like the other subjects: calls that still run would take their time to be wound up.
    os._exit(0)


asyncio.run(main())
