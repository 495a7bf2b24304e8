import { type SpeechConfig, SpeechSynthesizer } from 'microsoft-cognitiveservices-speech-sdk';
import type { IAudioDestination } from 'microsoft-cognitiveservices-speech-sdk/distrib/lib/src/common/Exports.js';
import {
  type IAuthentication,
  type ISynthesisConnectionFactory,
  SpeechSynthesisAdapter,
  type SynthesisAdapterBase,
  SynthesisTurn,
  type SynthesizerConfig,
} from 'microsoft-cognitiveservices-speech-sdk/distrib/lib/src/common.speech/Exports.js';
import { DirectConnections } from '../sdk/direct-connection.ts';
import { MessageLoop } from '../sdk/message-loop.ts';

/**
 * The SDK's synthesiser, but for the way of the messages, and for its results: they have no audio, of which
 * `synthesizing` has told all, and words have no places in the text.
 */
export class DirectSynthesiser extends SpeechSynthesizer {
  // The SDK's constructor calls createSynthesisAdapter: an initialiser would come too late, and undo what it did.
  declare private connections: DirectConnections<SynthesizerConfig, AuthInfo>;

  constructor(config: SpeechConfig) {
    super(config, null);
  }

  /** Breaks a connection off that is still being made. */
  abandon(): void {
    this.connections.abandon();
  }

  protected override createSynthesisAdapter(
    authentication: IAuthentication,
    factory: ISynthesisConnectionFactory,
    config: SynthesizerConfig,
  ): SynthesisAdapterBase {
    this.connections = new DirectConnections(factory);
    return new DirectSynthesisAdapter(authentication, this.connections, config, this, NOWHERE);
  }
}

type AuthInfo = Parameters<ISynthesisConnectionFactory['create']>[1];

/** What the SDK has where no audio device was asked for, although its types know no such thing. */
const NOWHERE = undefined as unknown as IAudioDestination;

class DirectSynthesisAdapter extends SpeechSynthesisAdapter {
  readonly #loop = new MessageLoop();

  constructor(...all: ConstructorParameters<typeof SpeechSynthesisAdapter>) {
    super(...all);
    this.privSynthesisTurn = new ForgetfulTurn();
  }

  /** The SDK starts another chain of calls with each text, and ends none. */
  protected override receiveMessage(): Promise<void> {
    return this.#loop.run(() => super.receiveMessage());
  }
}

/** The SDK's own copies all audio into a queue of promises and again into its result, and looks for each word in the SSML. */
class ForgetfulTurn extends SynthesisTurn {
  override onAudioChunkReceived(): void {}
  override onTextBoundaryEvent(): void {}
}
