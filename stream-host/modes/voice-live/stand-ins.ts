import type { Clock } from '../../../shared/clock.ts';
import type { Phrases } from '../../contract/agent.ts';
import type { WaitFilling } from '../../contract/events.ts';
import type { StandbyPurpose } from '../../contract/speech.ts';
import type { LiveTurn } from './live-turn.ts';
import type { Clip, OwnClips } from './own-clips.ts';

export interface StandInsOptions {
  readonly clock: Clock;
  readonly clips: OwnClips;
  /** What stands in for a line of which there is no clip, at the mode's rate. */
  readonly standby: (purpose: StandbyPurpose, text: string) => Clip | undefined;
}

const PURPOSE = { filler: 'filler', explanation: 'explanation', 'give-up': 'apology' } as const satisfies Record<
  WaitFilling,
  StandbyPurpose
>;

/** What is said where the service says nothing: in the voice that answers as far as there is a clip of it, else a sound. */
export class StandIns {
  readonly #options: StandInsOptions;

  constructor(options: StandInsOptions) {
    this.#options = options;
  }

  filling(kind: WaitFilling): Clip | undefined {
    const { clips, standby } = this.#options;
    return clips.filling(kind) ?? standby(PURPOSE[kind], '');
  }

  /** Says it in that turn. */
  say(turn: LiveTurn, purpose: StandbyPurpose, text: string): void {
    const { clips, standby, clock } = this.#options;
    const clip = clips.line(text) ?? standby(purpose, text);
    if (clip) turn.standIn(clip.text, clip.pcm, clock.now());
  }

  /** Says what is said in place of an answer that could not be had. @param isNew nothing was said in the call before */
  sayInstead(turn: LiveTurn, { greeting, apology }: Phrases, isNew: boolean): void {
    const text = turn.kind === 'opening' && isNew ? greeting : turn.kind === 'line' ? (turn.say ?? apology) : apology;
    this.say(turn, turn.kind === 'opening' ? 'greeting' : 'apology', text);
  }
}
