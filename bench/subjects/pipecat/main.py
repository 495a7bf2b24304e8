"""Pipecat as a subject of the real-time harness: its own process, its own language, the wire of `harness/protocol.ts`.

Started by the harness as `python -B main.py --port=<n>`, with the Python of a virtual environment that holds
`pipecat-ai` (see `install-peer.ts`).
"""

import argparse
import asyncio
import json
import math
import os
import socket
import struct
import sys
import time
from collections import deque
from importlib.metadata import version

from loguru import logger

# Pipecat logs each frame's doings for a developer to read; a server would not. Before it is imported.
logger.remove()
logger.add(sys.stderr, level="ERROR")

from session import AgentVoice, Session, Sessions  # noqa: E402

COMMAND, CALLER_AUDIO, VOICE, EVENT, AGENT_AUDIO = 1, 2, 3, 129, 130
FRAME_BYTES = 640
CALLER_FRAME_BYTES = 2 + FRAME_BYTES
LOOP_SAMPLE_SECONDS = 0.01
KEPT_LOOP_SAMPLES = 60_000


def monotonic_ms() -> float:
    return time.monotonic_ns() / 1e6


class Sink:
    """Where a session's doings go. Each call is stamped with the time at which it was made."""

    def __init__(self, link: "Link", session: int):
        self._link = link
        self._session = session

    def audio(self, frame: bytes) -> None:
        self._link.take_frame(self._session, frame)

    def stop(self) -> None:
        self._link.tell({"type": "stop", "session": self._session, "atMs": monotonic_ms()})

    def thinking(self, text: str) -> None:
        self._link.tell({"type": "thinking", "session": self._session, "atMs": monotonic_ms(), "text": text})

    def fault(self, text: str) -> None:
        self._link.tell({"type": "fault", "session": self._session, "message": text})


class Link:
    """Runs until the driver closes the socket."""

    def __init__(self, port: int):
        self._port = port
        self._sessions: dict[int, Session] = {}
        self._system: Sessions | None = None
        self._writer: asyncio.StreamWriter | None = None
        # What this turn of the event loop has to say: written to the socket once, in order.
        self._outgoing: list[bytes] = []
        self._frames: list[bytes] = []
        self._flushing = False
        self._lateness_ms: deque[float] = deque(maxlen=KEPT_LOOP_SAMPLES)
        self._tasks: set[asyncio.Task] = set()

    async def run(self) -> None:
        reader, self._writer = await asyncio.open_connection("127.0.0.1", self._port)
        self._writer.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._start(self._watch_loop())
        try:
            while True:
                length, kind = struct.unpack("<IB", await reader.readexactly(5))
                await self._receive(kind, await reader.readexactly(length - 1))
        except (asyncio.IncompleteReadError, ConnectionError):
            pass

    def tell(self, event: dict) -> None:
        self._pack_frames()
        self._outgoing.append(_message(EVENT, json.dumps(event).encode()))
        self._flush_soon()

    def take_frame(self, session: int, frame: bytes) -> None:
        self._frames.append(struct.pack("<Hd", session, monotonic_ms()) + frame)
        self._flush_soon()

    async def _receive(self, kind: int, body: bytes) -> None:
        if kind == CALLER_AUDIO:
            for at in range(2, len(body), CALLER_FRAME_BYTES):
                session = self._sessions.get(struct.unpack_from("<H", body, at)[0])
                if session:
                    await session.receive_audio(body[at + 2 : at + CALLER_FRAME_BYTES])
        elif kind == COMMAND:
            await self._obey(json.loads(body))
        elif kind == VOICE:
            self._start(self._begin(body))

    async def _begin(self, body: bytes) -> None:
        text_bytes = struct.unpack_from("<I", body)[0]
        text = body[4 : 4 + text_bytes].decode()
        try:
            self._system = Sessions(AgentVoice(text, body[4 + text_bytes :]))
            await self._system.start()
            self.tell({"type": "ready", "version": version("pipecat-ai")})
        except Exception as error:
            self.tell({"type": "fault", "message": repr(error)})

    async def _obey(self, order: dict) -> None:
        kind, session = order["type"], order.get("session")
        if kind in ("open", "close"):
            self._start(self._open_or_close(kind, session, order.get("settings")))
        elif kind == "usage":
            self._tell_usage(order["id"])
        elif kind == "recogniser" and session in self._sessions:
            await self._sessions[session].hear(order["event"], order["text"])
        elif kind == "interrupt" and session in self._sessions:
            await self._sessions[session].interrupt()

    async def _open_or_close(self, kind: str, session: int, settings: dict | None) -> None:
        try:
            if kind == "open":
                if self._system is None:
                    raise RuntimeError("the system has not started")
                self._sessions[session] = await self._system.open(settings, Sink(self, session))
                self.tell({"type": "opened", "session": session})
                return
            opened = self._sessions.pop(session, None)
            if opened:
                await opened.close()
            self.tell({"type": "closed", "session": session})
        except Exception as error:
            self.tell({"type": "fault", "session": session, "message": repr(error)})

    def _start(self, work) -> None:
        task = asyncio.create_task(work)
        # The loop itself holds tasks only weakly.
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _pack_frames(self) -> None:
        if self._frames:
            body = struct.pack("<H", len(self._frames)) + b"".join(self._frames)
            self._frames = []
            self._outgoing.append(_message(AGENT_AUDIO, body))

    def _flush_soon(self) -> None:
        if not self._flushing:
            self._flushing = True
            asyncio.get_running_loop().call_soon(self._flush)

    def _flush(self) -> None:
        self._flushing = False
        self._pack_frames()
        outgoing, self._outgoing = self._outgoing, []
        if self._writer and not self._writer.is_closing():
            self._writer.write(b"".join(outgoing))

    async def _watch_loop(self) -> None:
        while True:
            due = time.monotonic() + LOOP_SAMPLE_SECONDS
            await asyncio.sleep(LOOP_SAMPLE_SECONDS)
            self._lateness_ms.append(max(0.0, (time.monotonic() - due) * 1000))

    def _tell_usage(self, usage_id: int) -> None:
        """How late the event loop was since the last time. What Pipecat uses is in no row."""
        late = sorted(self._lateness_ms) or [0.0]
        self._lateness_ms.clear()
        p99 = late[max(0, math.ceil(len(late) * 0.99) - 1)]
        used = {"cpuUs": 0, "rssBytes": 0, "heapUsedBytes": 0}
        lateness = {"loopDelayP99Ms": p99, "loopDelayMaxMs": late[-1]}
        self.tell({"type": "usage", "id": usage_id, "atMs": monotonic_ms(), **used, **lateness})


def _message(kind: int, body: bytes) -> bytes:
    return struct.pack("<IB", 1 + len(body), kind) + body


arguments = argparse.ArgumentParser()
arguments.add_argument("--port", type=int, required=True)
asyncio.run(Link(arguments.parse_args().port).run())
# At once, like the other subjects: calls that still run would take their time to be wound up.
os._exit(0)
