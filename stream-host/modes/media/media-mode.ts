import { SAMPLE_RATE } from '../../../shared/audio/pcm.ts';
import type { Logger } from '../../../shared/log.ts';
import type { Mode, ModeHost, ModeKind } from '../../contract/mode.ts';
import type { OnServed } from '../../contract/recorder.ts';
import type { OnUsed } from '../../contract/speech.ts';
import type { TurnPolicyChanges } from '../../conversation/turns/turn-policy.ts';
import { type MediaConversationOptions, type MediaSpeech, mediaConversation } from './media-conversation.ts';

interface MediaOptions {
  /** What one session hears and speaks with; `log` names the session on each line. `locale`: what the caller speaks. */
  readonly openSpeech: (log: Logger, locale: string, onUsed: OnUsed, onServed: OnServed) => MediaSpeech;
  /** How that agent takes turns, where it is not by the defaults. */
  readonly turnsOf: (agent: string) => TurnPolicyChanges;
  /** Opens the conversation where it is not to be opened as it is: a call that is recorded, for instance. */
  readonly converse?: (options: MediaConversationOptions, host: ModeHost) => Mode;
}

/** MEDIA: a recogniser, a language model and a synthesiser, with the conversation engine between them. */
export function mediaMode({ openSpeech, turnsOf, converse = mediaConversation }: MediaOptions): ModeKind {
  return {
    answers: true,
    rateHz: SAMPLE_RATE,
    open: (host) => {
      const { clock, events, log, line, agent, agentName, history, turns, act, recorder, facts } = host;
      const onServed: OnServed = (request) => recorder?.served?.(request);
      const speech = openSpeech(log, agent.locale, (usage) => recorder?.used(usage), onServed);
      const options = { ...speech, clock, events, sink: line, responder: agent, history, turns, act };
      const isPlaced = facts.direction === 'outbound';
      return converse({ ...options, isPlaced, policy: turnsOf(agentName) }, host);
    },
  };
}
