"""What the fake synthesiser speaks with, as `agent-voice.ts` is for the subjects that run on Node."""

import math
from collections.abc import Iterator

import numpy as np

FRAME_SAMPLES = 320
PIECE_SAMPLES = 5 * FRAME_SAMPLES
# The position mark of `bench/harness/position-mark.ts`.
BLOCK_SAMPLES = 32
SYNC = 0xB2


class AgentVoice:
    """One text and its recording (PCM16LE mono 16 kHz), which every session reads from the start."""

    def __init__(self, text: str, pcm: bytes):
        self.samples = np.frombuffer(pcm, dtype="<i2")
        self.samples_per_char = len(self.samples) / max(1, len(text))


class TurnVoice:
    """The voice of one turn: each text goes on where the last one ended."""

    def __init__(self, voice: AgentVoice, turn: int):
        self._voice = voice
        self._turn = turn
        self._chars = 0
        self._spoken = 0

    def speak(self, text: str) -> Iterator[bytes]:
        """The audio of the next `text`: pieces of 100 ms (the last may be shorter), whole frames, each with its mark."""
        self._chars += len(text)
        frames = math.floor(self._chars * self._voice.samples_per_char / FRAME_SAMPLES + 0.5)
        end = frames * FRAME_SAMPLES
        while self._spoken < end:
            at = np.arange(self._spoken, min(end, self._spoken + PIECE_SAMPLES))
            self._spoken += len(at)
            samples = self._voice.samples[at % len(self._voice.samples)]
            yield ((samples & ~1) | self._marks(at)).astype("<i2").tobytes()

    def _marks(self, at: np.ndarray) -> np.ndarray:
        block = (at // BLOCK_SAMPLES) & 0xFFFF
        word = (SYNC << 24) | ((self._turn & 0xFF) << 16) | block
        return (word >> (BLOCK_SAMPLES - 1 - at % BLOCK_SAMPLES)) & 1
