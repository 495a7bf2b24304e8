import { z } from 'zod';
import { SAMPLE_RATE } from '../../shared/audio/pcm.ts';
import { parseWav } from '../../shared/audio/wav.ts';

const ms = (most: number) => z.int().min(0).max(most);

/** What a phone does that nobody holds in his hand. */
export const phoneScript = z.strictObject({
  /** `busy` is at once; `ignore` is for ever. */
  when_rung: z.enum(['answer', 'decline', 'ignore', 'busy']).default('answer'),
  after_ms: ms(120_000).default(1_000),
  /** First thing after it has answered. */
  says: z.string().min(1).max(2_000).optional(),
  /** In place of that, a WAV file of one channel and 16 kHz: base64. */
  clip: z
    .base64()
    .max(8_000_000)
    .refine((clip) => isPlayable(Buffer.from(clip, 'base64')), 'a WAV file of one channel and 16 kHz')
    .optional(),
  voice: z.string().max(200).default('slt'),
  /** The tone of an answering machine, behind that. */
  beeps: z.boolean().default(false),
  /** Keys that it presses then, after so long. */
  keys: z
    .string()
    .regex(/^[0-9A-D*#]+$/)
    .optional(),
  keys_after_ms: ms(60_000).default(1_000),
  /** What it says when it has been spoken to for the first time, or by the key that was pressed. */
  replies: z.record(z.string().max(10), z.string().min(1).max(2_000)).default({}),
  /** Hangs up so long after it has answered. */
  hangs_up_after_ms: ms(3_600_000).default(600_000),
});
export type PhoneScript = z.output<typeof phoneScript>;

type Wish = z.input<typeof phoneScript>;

/** The reply to words, in `replies`. */
export const TO_WORDS = 'words';

const HUMAN: Wish = { says: 'Yes, hello?', replies: { [TO_WORDS]: 'All right, thank you.' } };
const MAILBOX = 'You have reached the mailbox of Sam Miller. Please leave a message after the tone.';
const MENU = 'Thank you for calling. For orders, press 1. For anything else, press 2.';
const OUT_OF_SERVICE = 'The number you have dialled is not in service. Please check the number and call again.';

/** By the last two digits of a number that begins with {@link SCRIPTED}. */
const BY_ENDING: Readonly<Record<string, Wish>> = {
  40: { when_rung: 'busy' },
  41: { when_rung: 'ignore' },
  42: { when_rung: 'decline', after_ms: 2_000 },
  43: { ...HUMAN, hangs_up_after_ms: 5_000 },
  50: { after_ms: 2_000, says: MAILBOX, beeps: true, hangs_up_after_ms: 60_000 },
  51: { says: MENU, replies: { 1: 'You have reached orders.', 2: 'You have reached the service desk.' } },
  52: { says: OUT_OF_SERVICE, hangs_up_after_ms: 8_000 },
};

const SCRIPTED = '+155501900';
const PRESSES = /^\+1555019([1-9]\d{3})$/;

export const SCRIPTED_HELP = `People whom an agent may call, add or transfer to, without a phone being plugged in
  ${SCRIPTED}NN         answers after NN seconds (00 to 29), says hello, and thanks
                        whoever has spoken to it
  ${SCRIPTED}40 41 42   is busy; never answers; declines after two seconds
  ${SCRIPTED}43         answers, and hangs up after five seconds
  ${SCRIPTED}50 51 52   a mailbox with its tone; a menu for keys; a number out of service
  +1555019PPPP          answers, and presses PPPP (1000 to 9999) and # two seconds later
Others are made by POST /emulator/phones.`;

/** What a phone under this number does where none is plugged in; nothing where there is none. */
export function scriptOf(number: string): PhoneScript | undefined {
  const keys = PRESSES.exec(number)?.[1];
  if (keys !== undefined) return phoneScript.parse({ keys: `${keys}#`, keys_after_ms: 2_000 });
  const ending = number.startsWith(SCRIPTED) && number.length === SCRIPTED.length + 2 ? number.slice(-2) : '';
  const wish =
    BY_ENDING[ending] ?? (/^[0-2]\d$/.test(ending) ? { ...HUMAN, after_ms: Number(ending) * 1000 } : undefined);
  return wish && phoneScript.parse(wish);
}

function isPlayable(file: Uint8Array): boolean {
  try {
    const { sampleRate, channels } = parseWav(file);
    return sampleRate === SAMPLE_RATE && channels.length === 1;
  } catch {
    return false;
  }
}
