import { Flite } from '../../emulator/speech/flite.ts';
import type { VoiceClip } from './subject-process.ts';

/** A long answer, as an agent of a shop might give it: sentences and clauses of usual length, no markup. */
export const LONG_ANSWER = [
  'Sure, I can help you with that, let me tell you how it works from the beginning.',
  'Your parcel left our warehouse on Monday evening, and the carrier scanned it this morning in the depot nearest to you.',
  'The driver usually comes between nine and twelve, so you should have it before lunch on Thursday.',
  'If nobody is at home, the driver leaves a card and takes the parcel to the shop on the corner, where it waits for a week.',
  'You can also name a neighbour, a garage or any other safe place, and the parcel will be left there without a signature.',
  'Should anything be damaged, please take a picture of the box before you open it, and send it to us within two days.',
  'We then send a replacement the same afternoon, free of charge, and a colleague collects the broken one whenever it suits you.',
  'Returns are just as easy, because the label is already in the box, under the invoice on top.',
  'Once the return has arrived, the money is back on your account after three working days at the latest.',
  'Finally, you will get a short message tonight with everything that I have just said, so there is no need to write it down.',
].join(' ');

/** What an agent answers in a conversation of many turns: short enough to be heard to its end. */
export const SHORT_ANSWER = LONG_ANSWER.slice(0, LONG_ANSWER.indexOf('.', 120) + 1);

/** The agent's voice of every subject. Deterministic: the same bytes on every machine. */
export async function agentClip(): Promise<VoiceClip> {
  const flite = await Flite.load();
  return { text: LONG_ANSWER, samples: flite.speak(LONG_ANSWER, 'rms', 1).samples };
}
