import { FRAME_BYTES } from '../../../shared/audio/pcm.ts';
import { serveSubject } from '../subject-link.ts';

/**
 * No system at all: each session that was given a greeting sends one frame for each that it takes, the others none.
 * What it costs is the harness's own transport, which stands in every other subject's figures too.
 */
await serveSubject(async (voice) => {
  const [piece] = voice.turn(1).speak('The frames of a voice.');
  const frame = new Uint8Array(piece?.buffer ?? new ArrayBuffer(FRAME_BYTES), 0, FRAME_BYTES);
  return {
    version: process.version,
    async open({ greeting }, sink) {
      const talks = greeting !== '';
      return {
        receiveAudio: () => {
          if (talks) sink.audio(frame);
        },
        hear: ({ event, text }) => {
          if (event === 'final') sink.thinking(text);
        },
        interrupt: () => sink.stop(),
        close: async () => {},
      };
    },
    close: async () => {},
  };
});
