"""One call in Pipecat: its pipeline as its own examples build it, for a server that holds many.

Defaults throughout: Silero voice activity (confidence 0.7, start 0.2 s, stop 0.2 s, least volume 0.6), turns begun by
voice or words and ended by the local Smart Turn v3, both run in this process; a turn without words that cut the agent
off is answered. Not defaults: 16 kHz out (24), so that nothing is resampled; no end after 300 s without speech; no RTVI
messages, which nobody would read.
"""

import asyncio

from pipecat.audio.turn.smart_turn.local_smart_turn_v3 import LocalSmartTurnAnalyzerV3
from pipecat.audio.vad.silero import SileroVADAnalyzer
from pipecat.frames.frames import InterruptionWorkerFrame, TTSSpeakFrame
from pipecat.pipeline.pipeline import Pipeline
from pipecat.pipeline.worker import PipelineParams, PipelineWorker
from pipecat.processors.aggregators.llm_context import LLMContext
from pipecat.processors.aggregators.llm_response_universal import (
    LLMContextAggregatorPair,
    LLMUserAggregatorParams,
)
from pipecat.turns.user_stop import TurnAnalyzerUserTurnStopStrategy
from pipecat.turns.user_turn_strategies import UserTurnStrategies
from pipecat.workers.runner import WorkerRunner

from providers import ScriptedModel, ScriptedRecogniser, ScriptedSynthesiser
from transport import SAMPLE_RATE, DriverInput, DriverOutput
from voice import AgentVoice

FIRST_CALL_FRAMES = 25


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
            await first.receive_audio(bytes(640))
            await asyncio.sleep(0.02)
        await first.close()

    async def open(self, settings: dict, sink) -> "Session":
        if settings["policy"]:
            raise ValueError(f"no such settings: {', '.join(settings['policy'])}")
        # In a thread: in a process of its own, a call would not wait for another one's models.
        models = await asyncio.to_thread(_load_models)
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
        aggregators = LLMContextAggregatorPair(
            LLMContext(),
            user_params=LLMUserAggregatorParams(vad_analyzer=vad, user_turn_strategies=strategies),
        )
        pipeline = Pipeline(
            [
                self._input,
                self._recogniser,
                aggregators.user(),
                model,
                synthesiser,
                DriverOutput(sink),
                aggregators.assistant(),
            ]
        )
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


def _load_models():
    return SileroVADAnalyzer(), LocalSmartTurnAnalyzerV3()
