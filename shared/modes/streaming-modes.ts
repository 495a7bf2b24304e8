import { z } from 'zod';

/**
 * What can be done with a caller's line, as `ACS_STREAMING_MODE`, an agent's `mode` and `streaming_mode` name it. Outside
 * folders named `modes` nothing compares, switches on or indexes by one of these names (test/house.test.ts).
 */
export const STREAMING_MODES = ['media', 'voice_live', 'transcription'] as const;

export type StreamingMode = (typeof STREAMING_MODES)[number];

/** What is done where nobody says anything. */
export const DEFAULT_MODE: StreamingMode = 'media';

/** Other names that mean the same: the predecessor calls the browser's cascade so. */
const ALIASES: Readonly<Record<string, StreamingMode>> = { realtime: 'media' };

/** A mode by its name, in any case. */
export const streamingMode = z.preprocess(
  (given) => {
    if (typeof given !== 'string') return given;
    const name = given.trim().toLowerCase();
    return Object.hasOwn(ALIASES, name) ? ALIASES[name] : name;
  },
  z.enum(STREAMING_MODES, `must be one of ${STREAMING_MODES.join(', ')}`),
);

/** A mode that a request may name. An empty text names none, in a body as in an address. */
export const askedMode = z.preprocess((given) => (given === '' ? null : given), streamingMode.nullable());

interface ModeFacts {
  /** What a person is shown who chooses. */
  readonly title: string;
  /** What a deployment needs to have it. */
  readonly needs: string;
}

const FACTS: Readonly<Record<StreamingMode, ModeFacts>> = {
  media: { title: 'Recogniser, model and voice', needs: 'Nothing is missing for it' },
  voice_live: {
    title: 'Speech to speech',
    needs:
      'It needs a speech-to-speech service: set AZURE_VOICE_LIVE_ENDPOINT, or AZURE_OPENAI_REALTIME_DEPLOYMENT (docs/modes.md)',
  },
  transcription: { title: 'Transcription, no answers', needs: 'Nothing is missing for it' },
};

/** What a person is shown who chooses a mode; a mode of somebody else's has its own name. */
export const titleOf = (mode: string): string => factsOf(mode)?.title ?? mode;

/** What a deployment must be given to have the mode, in a sentence. */
export const needsOf = (mode: string): string => factsOf(mode)?.needs ?? 'It is not part of this release';

function factsOf(mode: string): ModeFacts | undefined {
  const known = STREAMING_MODES.find((name) => name === mode);
  return known && FACTS[known];
}
