import { SAMPLE_RATE } from '../../../shared/audio/pcm.ts';
import type { Logger } from '../../../shared/log.ts';
import type { ModeKind } from '../../contract/mode.ts';
import type { TurnPolicyChanges } from '../../conversation/turns/turn-policy.ts';
import { type MediaSpeech, mediaConversation } from './media-conversation.ts';

interface MediaOptions {
  /** What one session hears and speaks with; `log` names the session on each line. `locale`: what the caller speaks. */
  readonly openSpeech: (log: Logger, locale: string) => MediaSpeech;
  /** How that agent takes turns, where it is not by the defaults. */
  readonly turnsOf: (agent: string) => TurnPolicyChanges;
}

/** MEDIA: a recogniser, a language model and a synthesiser, with the conversation engine between them. */
export function mediaMode({ openSpeech, turnsOf }: MediaOptions): ModeKind {
  return {
    answers: true,
    rateHz: SAMPLE_RATE,
    open: ({ clock, events, log, line, agent, agentName, history, turns, act }) =>
      mediaConversation({
        ...openSpeech(log, agent.locale),
        clock,
        events,
        sink: line,
        responder: agent,
        history,
        turns,
        policy: turnsOf(agentName),
        act,
      }),
  };
}
