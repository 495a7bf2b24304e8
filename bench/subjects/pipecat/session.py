"""One call in Pipecat: its pipeline as its own examples build it, for a server that holds many.

Defaults throughout: Silero voice activity (confidence 0.7, start 0.2 s, stop 0.2 s, least volume 0.6), turns begun by
voice or words and ended by the local Smart Turn v3, both run in this process; a turn without words that cut the agent
off is answered. Not defaults: 16 kHz out (24), so that nothing is resampled; no end after 300 s without speech; no RTVI
messages, which nobody would read. Recogniser, language model and synthesiser are the harness's scripts.
"""

import asyncio
import math
import re
import time
from collections.abc import AsyncGenerator, Iterator

import numpy as np
from pipecat.audio.turn.smart_turn.local_smart_turn_v3 import LocalSmartTurnAnalyzerV3
from pipecat.audio.vad.silero import SileroVADAnalyzer
from pipecat.frames.frames import (
    Frame,
    InputAudioRawFrame,
    InterimTranscriptionFrame,
    InterruptionFrame,
    InterruptionWorkerFrame,
    LLMContextFrame,
    LLMFullResponseEndFrame,
    LLMFullResponseStartFrame,
    OutputAudioRawFrame,
    StartFrame,
    TranscriptionFrame,
    TTSAudioRawFrame,
    TTSSpeakFrame,
)
from pipecat.pipeline.pipeline import Pipeline
from pipecat.pipeline.worker import PipelineParams, PipelineWorker
from pipecat.processors.aggregators.llm_context import LLMContext
from pipecat.processors.aggregators.llm_response_universal import LLMContextAggregatorPair, LLMUserAggregatorParams
from pipecat.processors.frame_processor import FrameDirection, FrameProcessorSetup
from pipecat.services.llm_service import LLMService
from pipecat.services.stt_service import STTService
from pipecat.services.tts_service import TTSService
from pipecat.transports.base_input import BaseInputTransport
from pipecat.transports.base_output import BaseOutputTransport
from pipecat.transports.base_transport import TransportParams
from pipecat.turns.user_stop import TurnAnalyzerUserTurnStopStrategy
from pipecat.turns.user_turn_strategies import UserTurnStrategies
from pipecat.utils.time import time_now_iso8601
from pipecat.workers.runner import WorkerRunner

SAMPLE_RATE = 16_000
FRAME_SAMPLES = 320
FRAME_BYTES = 2 * FRAME_SAMPLES
PIECE_SAMPLES = 5 * FRAME_SAMPLES
FIRST_CALL_FRAMES = 25
# The position mark of `bench/harness/position-mark.ts`.
BLOCK_SAMPLES = 40
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
        end = math.floor(self._chars * self._voice.samples_per_char / FRAME_SAMPLES + 0.5) * FRAME_SAMPLES
        while self._spoken < end:
            at = np.arange(self._spoken, min(end, self._spoken + PIECE_SAMPLES), dtype=np.int64)
            self._spoken += len(at)
            word = (SYNC << 32) | ((self._turn & 0xFFFF) << 16) | ((at // BLOCK_SAMPLES) & 0xFFFF)
            marks = (word >> (BLOCK_SAMPLES - 1 - at % BLOCK_SAMPLES)) & 1
            samples = self._voice.samples[at % len(self._voice.samples)]
            yield ((samples & ~1) | marks).astype("<i2").tobytes()


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


def _asked(context: LLMContext) -> str:
    """What the caller said last. Empty when something else made Pipecat ask: its recovery from a turn without words."""
    messages = context.get_messages()
    last = messages[-1] if messages else {}
    content = last.get("content") if isinstance(last, dict) and last.get("role") == "user" else ""
    return content if isinstance(content, str) else ""


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


class DriverInput(BaseInputTransport):
    def __init__(self) -> None:
        super().__init__(TransportParams(audio_in_enabled=True))

    async def start(self, frame: StartFrame) -> None:
        await super().start(frame)
        await self.set_transport_ready(frame)

    async def receive(self, pcm: bytes) -> None:
        await self.push_audio_frame(InputAudioRawFrame(audio=pcm, sample_rate=SAMPLE_RATE, num_channels=1))


class DriverOutput(BaseOutputTransport):
    """With the ways of Pipecat's own `FastAPIWebsocketTransport`: hands over 40 ms (its default chunk) each 40 ms, one
    chunk ahead of the listener."""

    def __init__(self, sink) -> None:
        super().__init__(TransportParams(audio_out_enabled=True))
        self._sink = sink
        self._chunk_seconds = 0.0
        self._next_send_time = 0.0

    async def setup(self, setup: FrameProcessorSetup) -> None:
        await super().setup(setup)
        self._chunk_seconds = self.audio_chunk_size / 2 / self.sample_rate

    async def start(self, frame: StartFrame) -> None:
        await super().start(frame)
        await self.set_transport_ready(frame)

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        await super().process_frame(frame, direction)
        if isinstance(frame, InterruptionFrame):
            # Here a telephone's transport tells the far side to clear what it has.
            self._sink.stop()
            self._next_send_time = 0.0

    async def write_audio_frame(self, frame: OutputAudioRawFrame) -> bool:
        for at in range(0, len(frame.audio), FRAME_BYTES):
            self._sink.audio(frame.audio[at : at + FRAME_BYTES].ljust(FRAME_BYTES, b"\0"))
        delay = max(0.0, self._next_send_time - time.monotonic())
        await asyncio.sleep(delay)
        self._next_send_time = (self._next_send_time if delay > 0 else time.monotonic()) + self._chunk_seconds
        return True


class Sessions:
    """All sessions of the process, run by one of Pipecat's runners."""

    def __init__(self, voice: AgentVoice):
        self._voice = voice
        self._runner = WorkerRunner(handle_sigint=False)
        self._running: asyncio.Task | None = None

    async def start(self) -> None:
        self._running = asyncio.create_task(self._runner.run(auto_end=False))
        # Much of Pipecat is imported only when a first call needs it, for which it stands still half a second.
        services = {"llm": {"firstTokenMs": 0, "tokenMs": 0}, "tts": {"firstAudioMs": 0}}
        first = await self.open({"greeting": "Hello.", "answer": "", "policy": {}, **services}, _Nowhere())
        for _ in range(FIRST_CALL_FRAMES):
            await first.receive_audio(bytes(FRAME_BYTES))
            await asyncio.sleep(0.02)
        await first.close()

    async def open(self, settings: dict, sink) -> "Session":
        if settings["policy"]:
            raise ValueError(f"no such settings: {', '.join(settings['policy'])}")
        # In a thread: in a process of its own, a call would not wait for another one's models.
        models = await asyncio.to_thread(lambda: (SileroVADAnalyzer(), LocalSmartTurnAnalyzerV3()))
        session = Session(settings, self._voice, models, sink)
        await self._runner.add_workers(session.worker)
        await session.started.wait()
        if settings["greeting"]:
            await session.worker.queue_frame(TTSSpeakFrame(settings["greeting"]))
        return session


class Session:
    def __init__(self, settings: dict, voice: AgentVoice, models, sink):
        self.started = asyncio.Event()
        self._finished = asyncio.Event()
        self._input = DriverInput()
        self._recogniser = ScriptedRecogniser()
        model = ScriptedModel(sink, settings["answer"], settings["llm"]["firstTokenMs"], settings["llm"]["tokenMs"])
        synthesiser = ScriptedSynthesiser(voice, settings["tts"]["firstAudioMs"])
        vad, turn_analyzer = models
        strategies = UserTurnStrategies(stop=[TurnAnalyzerUserTurnStopStrategy(turn_analyzer=turn_analyzer)])
        user_params = LLMUserAggregatorParams(vad_analyzer=vad, user_turn_strategies=strategies)
        aggregators = LLMContextAggregatorPair(LLMContext(), user_params=user_params)
        heard = [self._input, self._recogniser, aggregators.user()]
        pipeline = Pipeline([*heard, model, synthesiser, DriverOutput(sink), aggregators.assistant()])
        params = PipelineParams(audio_in_sample_rate=SAMPLE_RATE, audio_out_sample_rate=SAMPLE_RATE)
        self.worker = PipelineWorker(pipeline, params=params, enable_rtvi=False, idle_timeout_secs=None)

        @self.worker.event_handler("on_pipeline_started")
        async def on_started(_worker, _frame):
            self.started.set()

        @self.worker.event_handler("on_pipeline_finished")
        async def on_finished(_worker, _frame):
            self._finished.set()

        @self.worker.event_handler("on_pipeline_error")
        async def on_error(_worker, frame):
            sink.fault(str(frame.error))

    async def receive_audio(self, pcm: bytes) -> None:
        await self._input.receive(pcm)

    async def hear(self, event: str, text: str) -> None:
        await self._recogniser.hear(event, text)

    async def interrupt(self) -> None:
        await self.worker.queue_frame(InterruptionWorkerFrame())

    async def close(self) -> None:
        await self.worker.cancel()
        await asyncio.wait_for(self._finished.wait(), 10)


class _Nowhere:
    def audio(self, frame: bytes) -> None: ...
    def stop(self) -> None: ...
    def thinking(self, text: str) -> None: ...
    def fault(self, text: str) -> None: ...
