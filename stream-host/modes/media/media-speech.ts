import type { TokenCredential } from '@azure/identity';
import type { Clock } from '../../../shared/clock.ts';
import type { Logger } from '../../../shared/log.ts';
import type { StreamHostSettings } from '../../../shared/settings/stream-host-settings.ts';
import type { Agent, Agents } from '../../agent/agent-definition.ts';
import type { OnUsed, OpenVoiceActivity, StandbyVoice } from '../../contract/speech.ts';
import { ClauseCutter } from '../../conversation/mouth/clauses.ts';
import type { PlayoutClock } from '../../playout/playout.ts';
import { openAzureRecogniser } from '../../speech/recognition/azure-recogniser.ts';
import type { SpeechService } from '../../speech/sdk/speech-service.ts';
import { type Phrase, StandbySpeech } from '../../speech/standby/standby-speech.ts';
import { AzureSynthesiser } from '../../speech/synthesis/azure-synthesiser.ts';
import { CachedSynthesiser } from '../../speech/synthesis/cached-synthesiser.ts';
import type { MediaSpeech } from './media-conversation.ts';

interface SpeechServicesOptions {
  readonly config: StreamHostSettings;
  /** Tokens of the process's identity, where SPEECH_KEY is not set. */
  readonly credential: TokenCredential;
  readonly openVoiceActivity: OpenVoiceActivity;
  readonly playoutClock: PlayoutClock;
  readonly clock: Clock;
  readonly log: Logger;
}

/** What the sessions of a process hear and speak with, and share. */
export class ProcessSpeech {
  readonly #options: SpeechServicesOptions;
  readonly #service: SpeechService;
  readonly #azureSynthesiser: AzureSynthesiser;
  readonly #standby: StandbySpeech;
  readonly #synthesiser: CachedSynthesiser;

  constructor(options: SpeechServicesOptions) {
    const { config, credential, clock, log } = options;
    this.#options = options;
    const service = { host: config.SPEECH_HOST, proof: config.SPEECH_KEY ?? credential };
    this.#service = service;
    this.#azureSynthesiser = new AzureSynthesiser({ service, clock, log, max: config.MAX_SESSIONS });
    this.#standby = new StandbySpeech({ synthesiser: this.#azureSynthesiser, clock, log });
    this.#synthesiser = new CachedSynthesiser(this.#standby);
  }

  /** Synthesises what agents say by themselves in the background, and keeps it. May be called again when they change. */
  prepare(phrases: readonly Phrase[]): void {
    this.#standby.prepare(phrases);
  }

  /** The services of one session, whose caller speaks `locale`; `log` names it, and `onUsed` is told what it uses. */
  open(log: Logger, locale: string, onUsed?: OnUsed): MediaSpeech {
    const { openVoiceActivity, playoutClock, clock } = this.#options;
    return {
      openVoiceActivity,
      openRecogniser: openAzureRecogniser({
        service: this.#service,
        clock,
        log,
        random: Math.random,
        language: locale,
        onUsed,
      }),
      synthesiser: { speak: (text, voice, signal) => this.#synthesiser.speak(text, voice, signal, onUsed) },
      standby: this.#standby.voiceFor(locale),
      playoutClock,
    };
  }

  /** What speaks without waiting for anything, for callers who speak `locale`; `und`: by sounds. */
  standbyFor(locale: string): StandbyVoice {
    return this.#standby.voiceFor(locale);
  }

  /** What hears and speaks where nobody answers; see `TranscriptionOptions`. */
  forTranscription() {
    const { config, playoutClock, clock } = this.#options;
    const service = this.#service;
    return {
      synthesiser: this.#synthesiser,
      playoutClock,
      openRecogniser: (log: Logger, languages: readonly string[], onUsed?: OnUsed) => {
        const language = languages[0] ?? config.SPEECH_LANGUAGE;
        const heard = { language, languages, detailed: true, onUsed };
        return openAzureRecogniser({ service, clock, log, random: Math.random, ...heard });
      },
    };
  }

  close(): void {
    this.#standby.close();
    this.#azureSynthesiser.close();
  }
}

/**
 * What agents say by themselves, the most important first: how every call begins, then how trouble is told. What is
 * spoken as a turn of its own is asked for clause by clause; the rest as a whole.
 */
export function phrasesOf(agents: Agents): Phrase[] {
  const all = [...agents.values()];
  const told = all.flatMap(({ phrases, voice }) => {
    const { apology, fillers, explanation, giveUp, goodbye } = phrases;
    const texts = [apology, ...fillers, explanation, giveUp, goodbye];
    return texts.filter((text) => text !== '').map((text) => ({ text, voice }));
  });
  return [
    ...all.flatMap((agent) => clausesOf(agent.phrases.greeting, agent)),
    ...all.flatMap(({ notice, voice }) => (notice === undefined ? [] : [{ text: notice, voice }])),
    ...told,
    ...all.flatMap((agent) =>
      [agent.phrases.resumption, agent.phrases.notUnderstood, ...agent.phrases.prompts, agent.phrases.farewell].flatMap(
        (text) => clausesOf(text, agent),
      ),
    ),
  ];
}

/** Cut as the conversation cuts them, so that they are found again. */
function clausesOf(text: string, { voice, locale }: Pick<Agent, 'voice' | 'locale'>): Phrase[] {
  const cutter = new ClauseCutter(locale);
  return [...cutter.push(text), ...cutter.flush()].map((clause) => ({ text: clause, voice }));
}
