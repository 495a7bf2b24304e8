import type { Attention } from '../../contract/call-news.ts';
import type { Mouth } from '../../contract/mouth.ts';
import type { Ear } from '../../conversation/ear/ear.ts';
import type { TurnPolicy } from '../../conversation/turns/turn-policy.ts';
import type { FloorContext } from './floor.ts';
import type { OwnLines } from './own-lines.ts';

interface FloorSources {
  readonly nowMs: number;
  readonly ear: Ear;
  readonly mouth: Mouth;
  readonly lines: OwnLines;
  readonly policy: TurnPolicy;
  readonly attention: Attention;
  /** No session serves any more, nor will one. */
  readonly isGone: boolean;
}

/** A voice that the service says nothing of must have lasted so long to be asked what it said. */
const WORTH_ASKING_MS = 300;
const DOUBTFUL_WORTH_ASKING_MS = 500;

/** What the transition function may know of an event. */
export function floorContext({ nowMs, ear, mouth, lines, policy, attention, isGone }: FloorSources): FloorContext {
  const worthAskingMs = ear.voiceIsLikely ? WORTH_ASKING_MS : DOUBTFUL_WORTH_ASKING_MS;
  // Nobody speaks for longer without a pause: that is a radio.
  const longestMs = policy.endpointing.maxCallerTurnMs;
  return {
    nowMs,
    lineSpeaks: ear.speaking,
    voiceIsClear: ear.voiceIsClear,
    worthAsking: lines.mayAskAgain && !isGone && ear.utteranceMs >= worthAskingMs && ear.utteranceMs <= longestMs,
    lastSpeechMs: ear.lastSpeechMs,
    agentHeardUntilMs: mouth.playedOutAtMs,
    mayPrompt: policy.away.afterMs > 0 && !isGone && lines.hasPrompt && attention === 'caller',
    silenced: attention === 'nobody',
  };
}
