import type { Clock } from '../../../shared/clock.ts';
import type { Logger } from '../../../shared/log.ts';
import type { Providers } from '../../../shared/providers/provider.ts';
import type { StreamHostSettings } from '../../../shared/settings/stream-host-settings.ts';
import type { Agent, Agents } from '../../agent/agent-definition.ts';
import type { OnServed } from '../../contract/recorder.ts';
import type { OnUsed, OpenVoiceActivity, StandbyVoice, Synthesiser } from '../../contract/speech.ts';
import { ClauseCutter } from '../../conversation/mouth/clauses.ts';
import type { PlayoutClock } from '../../playout/playout.ts';
import { openAzureRecogniser } from '../../speech/recognition/azure-recogniser.ts';
import type { SpeechService } from '../../speech/sdk/speech-service.ts';
import { type Phrase, StandbySpeech } from '../../speech/standby/standby-speech.ts';
import { CachedSynthesiser } from '../../speech/synthesis/cached-synthesiser.ts';
import { FirstVoice } from '../../speech/synthesis/first-voice.ts';
import { timedSpeech } from '../../speech/synthesis/timed-speech.ts';
import type { MediaSpeech } from './media-conversation.ts';

interface SpeechServicesOptions {
  readonly config: Pick<StreamHostSettings, 'SPEECH_LANGUAGE'>;
  readonly hearing: Providers<SpeechService>;
  /** Stay the caller's to close. */
  readonly voices: Providers<Synthesiser>;
  readonly openVoiceActivity: OpenVoiceActivity;
  readonly playoutClock: PlayoutClock;
  readonly clock: Clock;
  readonly log: Logger;
}

/** What the sessions of a process hear and speak with, and share. */
export class ProcessSpeech {
  readonly #options: SpeechServicesOptions;
  readonly #standby: StandbySpeech;
  readonly #synthesiser: CachedSynthesiser;

  constructor(options: SpeechServicesOptions) {
    const { voices, clock, log } = options;
    this.#options = options;
    this.#standby = new StandbySpeech({ synthesiser: new FirstVoice(voices, clock), clock, log });
    this.#synthesiser = new CachedSynthesiser(this.#standby);
  }

  /** Synthesises what agents say by themselves in the background, and keeps it. May be called again when they change. */
  prepare(phrases: readonly Phrase[]): void {
    this.#standby.prepare(phrases);
  }

  /**
   * The services of one session, whose caller speaks `locale`; `log` names it, `onUsed` is told what it uses, and `onServed`
   * how each text that is spoken went, and what of the hearing failed.
   */
  open(log: Logger, locale: string, onUsed?: OnUsed, onServed: OnServed = () => {}): MediaSpeech {
    const { openVoiceActivity, playoutClock, clock, hearing } = this.#options;
    return {
      openVoiceActivity,
      openRecogniser: openAzureRecogniser({
        services: hearing,
        clock,
        log,
        random: Math.random,
        language: locale,
        onUsed,
        onServed,
      }),
      synthesiser: timedSpeech({ synthesiser: this.#synthesiser, clock, onUsed, onServed }),
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
    const { config, playoutClock, clock, hearing: services } = this.#options;
    return {
      synthesiser: this.#synthesiser,
      playoutClock,
      openRecogniser: (log: Logger, languages: readonly string[], onUsed?: OnUsed, onServed?: OnServed) => {
        const language = languages[0] ?? config.SPEECH_LANGUAGE;
        const heard = { language, languages, detailed: true, onUsed, onServed };
        return openAzureRecogniser({ services, clock, log, random: Math.random, ...heard });
      },
    };
  }

  close(): void {
    this.#standby.close();
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
