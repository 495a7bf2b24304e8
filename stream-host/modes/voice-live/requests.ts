import type { RealtimeResponseRequest } from '../../contract/realtime.ts';
import type { LiveTurn } from './live-turn.ts';

/** What the model is told after a session was lost in the middle of its answer. */
const GO_ON =
  'The line broke in the middle of your last message. Say only what is still missing of it: go on from the very word ' +
  'where it breaks off, without a greeting, an excuse or a repetition.';

/** What a session that was told all that came of a turn so far has to say of it yet. */
export function restOf(turn: LiveTurn, instructions: string): RealtimeResponseRequest {
  if (turn.say !== undefined) {
    const said = turn.spoken(turn.generatedMs).fullText;
    const rest = turn.say.startsWith(said) ? turn.say.slice(said.length).trim() : '';
    return { say: rest === '' ? turn.say : rest };
  }
  return turn.endsInSpeech ? { instructions: `${instructions}\n\n${GO_ON}` } : {};
}

/** The same, but the caller is told first why there was silence. */
export function withExcuse(
  { say, instructions, ...request }: RealtimeResponseRequest,
  agentsInstructions: string,
  excuse: string,
): RealtimeResponseRequest {
  if (say !== undefined) return { ...request, say: `${excuse} ${say}` };
  const first = `Begin with this sentence, word for word: "${excuse}"`;
  return { ...request, instructions: `${instructions ?? agentsInstructions}\n\n${first}` };
}
