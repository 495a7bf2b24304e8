"""Pipecat's three service interfaces with the harness's scripted services behind them."""

import asyncio
import re
from collections.abc import AsyncGenerator

from pipecat.frames.frames import (
    Frame,
    InterimTranscriptionFrame,
    LLMContextFrame,
    LLMFullResponseEndFrame,
    LLMFullResponseStartFrame,
    TranscriptionFrame,
    TTSAudioRawFrame,
)
from pipecat.processors.aggregators.llm_context import LLMContext
from pipecat.processors.frame_processor import FrameDirection
from pipecat.services.llm_service import LLMService
from pipecat.services.stt_service import STTService
from pipecat.services.tts_service import TTSService
from pipecat.utils.time import time_now_iso8601
from transport import SAMPLE_RATE
from voice import AgentVoice, TurnVoice


async def wait(delay_ms: float) -> None:
    """Waits for a provider's scripted delay; 0 is no wait at all."""
    if delay_ms > 0:
        await asyncio.sleep(delay_ms / 1000)


class ScriptedRecogniser(STTService):
    """Takes the audio and drops it; says what the script says, at once."""

    async def run_stt(self, audio: bytes) -> AsyncGenerator[Frame | None, None]:
        yield None

    async def hear(self, event: str, text: str) -> None:
        if event == "partial":
            await self.push_frame(InterimTranscriptionFrame(text, "caller", time_now_iso8601()))
        elif event == "final":
            # Finalized, as Pipecat marks Azure's finals: the end of a turn need not wait for more.
            await self.push_frame(TranscriptionFrame(text, "caller", time_now_iso8601(), finalized=True))


class ScriptedModel(LLMService):
    def __init__(self, sink, answer: str, first_token_ms: float, token_ms: float):
        super().__init__()
        self._sink = sink
        self._tokens = re.findall(r"\S+\s*", answer)
        self._first_token_ms = first_token_ms
        self._token_ms = token_ms

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        await super().process_frame(frame, direction)
        if not isinstance(frame, LLMContextFrame):
            await self.push_frame(frame, direction)
            return
        self._sink.thinking(_asked(frame.context))
        await self.push_frame(LLMFullResponseStartFrame())
        try:
            await wait(self._first_token_ms)
            for token in self._tokens:
                await self._push_llm_text(token)
                await wait(self._token_ms)
        finally:
            await self.push_frame(LLMFullResponseEndFrame())


class ScriptedSynthesiser(TTSService):
    """Waits once a turn, as a synthesiser does that is streamed its text; Pipecat gives it one sentence after another."""

    def __init__(self, voice: AgentVoice, first_audio_ms: float):
        super().__init__(push_start_frame=True, push_stop_frames=True, sample_rate=SAMPLE_RATE)
        self._voice = voice
        self._first_audio_ms = first_audio_ms
        self._turns = 0
        self._turn_voice: TurnVoice | None = None
        self._turn_of: str | None = None

    async def run_tts(self, text: str, context_id: str) -> AsyncGenerator[Frame | None, None]:
        if self._turn_voice is None or context_id != self._turn_of:
            self._turns += 1
            self._turn_of = context_id
            self._turn_voice = TurnVoice(self._voice, self._turns)
            await wait(self._first_audio_ms)
        for pcm in self._turn_voice.speak(text):
            yield TTSAudioRawFrame(audio=pcm, sample_rate=SAMPLE_RATE, num_channels=1, context_id=context_id)


def _asked(context: LLMContext) -> str:
    """What the caller said last. Empty when something else made Pipecat ask: its recovery from a turn without words."""
    messages = context.get_messages()
    last = messages[-1] if messages else {}
    content = last.get("content") if isinstance(last, dict) and last.get("role") == "user" else ""
    return content if isinstance(content, str) else ""
