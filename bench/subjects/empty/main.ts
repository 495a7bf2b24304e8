import { bytesOf } from '../../../shared/audio/pcm.ts';
import { serveSubject } from '../serve-subject.ts';

/**
 * No system at all: each session that was given a greeting sends one frame for each that it takes, the others none.
 * What it costs is the harness's own transport, which stands in every other subject's figures too.
 */
serveSubject(async (voice) => {
  const [piece = new Int16Array(320)] = voice.turn(1)('The frames of a voice.');
  const frame = bytesOf(piece.subarray(0, 320));
  return {
    open: async ({ greeting }, sink) => ({
      receiveAudio: () => {
        if (greeting !== '') sink.audio(frame);
      },
      hear: ({ event, text }) => {
        if (event === 'final') sink.thinking(text);
      },
      interrupt: () => sink.stop(),
      close: async () => {},
    }),
  };
});
