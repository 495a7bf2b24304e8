"""Pipecat's two transports on the driver's socket, with the ways of its own `FastAPIWebsocketTransport`."""

import asyncio
import time

from pipecat.frames.frames import Frame, InputAudioRawFrame, InterruptionFrame, OutputAudioRawFrame, StartFrame
from pipecat.processors.frame_processor import FrameDirection, FrameProcessorSetup
from pipecat.transports.base_input import BaseInputTransport
from pipecat.transports.base_output import BaseOutputTransport
from pipecat.transports.base_transport import TransportParams

SAMPLE_RATE = 16_000
FRAME_BYTES = 640


class DriverInput(BaseInputTransport):
    def __init__(self) -> None:
        super().__init__(TransportParams(audio_in_enabled=True))

    async def start(self, frame: StartFrame) -> None:
        await super().start(frame)
        await self.set_transport_ready(frame)

    async def receive(self, pcm: bytes) -> None:
        await self.push_audio_frame(InputAudioRawFrame(audio=pcm, sample_rate=SAMPLE_RATE, num_channels=1))


class DriverOutput(BaseOutputTransport):
    """Hands over 40 ms (Pipecat's default chunk) each 40 ms, one chunk ahead of the listener, as Pipecat's own does."""

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
        wait = max(0.0, self._next_send_time - time.monotonic())
        await asyncio.sleep(wait)
        self._next_send_time = (self._next_send_time if wait > 0 else time.monotonic()) + self._chunk_seconds
        return True
