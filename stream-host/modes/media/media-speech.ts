import type { Clock } from '../../../shared/clock.ts';
import { ConfigError, DependencyError } from '../../../shared/errors.ts';
import type { Logger } from '../../../shared/log.ts';
import type { StreamHostSettings } from '../../../shared/settings/stream-host-settings.ts';
import type { Agent, Agents } from '../../agent/agent-definition.ts';
import type { OpenVoiceActivity } from '../../contract/speech.ts';
import { ClauseCutter } from '../../conversation/mouth/clauses.ts';
import type { TurnPolicyChanges } from '../../conversation/turns/turn-policy.ts';
import type { PlayoutClock } from '../../playout/playout.ts';
import { EndOfTurnLane } from '../../speech/end-of-turn/end-of-turn-lane.ts';
import { openAzureRecogniser } from '../../speech/recognition/azure-recogniser.ts';
import { type Phrase, StandbySpeech } from '../../speech/standby/standby-speech.ts';
import { AzureSynthesiser } from '../../speech/synthesis/azure-synthesiser.ts';
import { CachedSynthesiser } from '../../speech/synthesis/cached-synthesiser.ts';
import type { MediaSpeech } from './media-conversation.ts';

export interface SpeechServicesOptions {
  readonly config: StreamHostSettings;
  readonly openVoiceActivity: OpenVoiceActivity;
  readonly playoutClock: PlayoutClock;
  readonly clock: Clock;
  readonly log: Logger;
  /** Turns need to be judged by their sound, by the model that is set or by their melody. */
  readonly judgeSound: boolean;
}

/** What the sessions of a process hear and speak with, and share. */
export class ProcessSpeech {
  readonly #options: SpeechServicesOptions;
  readonly #azureSynthesiser: AzureSynthesiser;
  readonly #standby: StandbySpeech;
  readonly #synthesiser: CachedSynthesiser;
  readonly #endOfTurn: EndOfTurnLane | undefined;

  private constructor(options: SpeechServicesOptions, endOfTurn: EndOfTurnLane | undefined) {
    const { config, clock, log } = options;
    this.#options = options;
    this.#endOfTurn = endOfTurn;
    const service = { host: config.SPEECH_HOST, key: config.SPEECH_KEY };
    this.#azureSynthesiser = new AzureSynthesiser({ service, clock, log, max: config.MAX_SESSIONS });
    this.#standby = new StandbySpeech({ synthesiser: this.#azureSynthesiser, clock, log });
    this.#synthesiser = new CachedSynthesiser(this.#standby);
  }

  /** @throws {ConfigError} when SMART_TURN_MODEL names no usable model */
  static async start(options: SpeechServicesOptions): Promise<ProcessSpeech> {
    const { clock, log, config, judgeSound } = options;
    const modelPath = config.SMART_TURN_MODEL;
    try {
      return new ProcessSpeech(options, judgeSound ? await EndOfTurnLane.start({ clock, log, modelPath }) : undefined);
    } catch (error) {
      // No start after this one finds another file.
      const isModel = error instanceof DependencyError && error.code === 'end-of-turn.model';
      throw isModel ? new ConfigError(`SMART_TURN_MODEL: ${error.message}`) : error;
    }
  }

  /** Synthesises what agents say by themselves in the background, and keeps it. May be called again when they change. */
  prepare(phrases: readonly Phrase[]): void {
    this.#standby.prepare(phrases);
  }

  /** The services of one session, whose caller speaks `locale`; `log` names it. */
  open(log: Logger, locale: string): MediaSpeech {
    const { config, openVoiceActivity, playoutClock, clock } = this.#options;
    const endOfTurn = this.#endOfTurn;
    return {
      openVoiceActivity,
      openRecogniser: openAzureRecogniser({
        service: { host: config.SPEECH_HOST, key: config.SPEECH_KEY },
        clock,
        log,
        random: Math.random,
        language: locale,
      }),
      ...(endOfTurn && { openTurnJudge: endOfTurn.open }),
      synthesiser: this.#synthesiser,
      standby: this.#standby.voiceFor(locale),
      playoutClock,
    };
  }

  async close(): Promise<void> {
    this.#standby.close();
    await this.#azureSynthesiser.close();
    await this.#endOfTurn?.close();
  }
}

/** What agents say of turn-taking. Who names a model for it wants it to be heard, unless the agent says otherwise. */
export function turnsOf(agents: Agents, config: StreamHostSettings): ReadonlyMap<string, TurnPolicyChanges> {
  return new Map(
    [...agents].map(([name, { turns }]) => [
      name,
      config.SMART_TURN_MODEL === undefined
        ? turns
        : { ...turns, endpointing: { judgement: 'text-and-sound', ...turns.endpointing } },
    ]),
  );
}

/**
 * What agents say by themselves, the most important first: how every call begins, then how trouble is told. What is
 * spoken as a turn of its own is asked for clause by clause; the rest as a whole.
 */
export function phrasesOf(agents: Agents): Phrase[] {
  const all = [...agents.values()];
  const told = all.flatMap(({ phrases, voice }) => {
    const { apology, fillers, explanation, giveUp } = phrases;
    return [apology, ...fillers, explanation, giveUp].map((text) => ({ text, voice }));
  });
  return [
    ...all.flatMap((agent) => clausesOf(agent.phrases.greeting, agent)),
    ...told,
    ...all.flatMap((agent) =>
      [agent.phrases.resumption, ...agent.phrases.prompts, agent.phrases.farewell].flatMap((text) =>
        clausesOf(text, agent),
      ),
    ),
  ];
}

/** Cut as the conversation cuts them, so that they are found again. */
function clausesOf(text: string, { voice, locale }: Pick<Agent, 'voice' | 'locale'>): Phrase[] {
  const cutter = new ClauseCutter(locale);
  return [...cutter.push(text), ...cutter.flush()].map((clause) => ({ text: clause, voice }));
}
