import {
  AudioConfig,
  AudioInputStream,
  AudioStreamFormat,
  type SpeechConfig,
  SpeechRecognizer,
} from 'microsoft-cognitiveservices-speech-sdk';
import {
  ConnectionState,
  type IAudioSource,
  type IConnection,
  MessageType,
} from 'microsoft-cognitiveservices-speech-sdk/distrib/lib/src/common/Exports.js';
import {
  type IAuthentication,
  type IConnectionFactory,
  type RecognizerConfig,
  type ServiceRecognizerBase,
  SpeechServiceRecognizer,
} from 'microsoft-cognitiveservices-speech-sdk/distrib/lib/src/common.speech/Exports.js';
import { SpeechConnectionMessage } from 'microsoft-cognitiveservices-speech-sdk/distrib/lib/src/common.speech/SpeechConnectionMessage.Internal.js';
import { SAMPLE_RATE } from '../../../shared/audio/pcm.ts';
import { DirectConnection, DirectConnections } from '../sdk/direct-connection.ts';
import { MessageLoop } from '../sdk/message-loop.ts';
import { audioPayload } from '../sdk/speech-message.ts';
import { RecognitionAudio } from './recognition-audio.ts';

/**
 * The SDK's recogniser, but for the way of the audio and of the messages: audio that is written here goes straight to
 * the web socket, past the SDK's streams, and messages over a {@link DirectConnection}. No audio is kept to be sent again
 * in a second turn or on a second connection, so it is good for one of each.
 */
export class DirectRecogniser extends SpeechRecognizer {
  // The SDK's constructor calls createServiceRecognizer: initialisers would come too late, and undo what it did.
  declare private audio: RecognitionAudio;
  declare private connections: DirectConnections<RecognizerConfig, AuthInfo>;
  /** Told of audio that is on its way to the service, in bytes. */
  onAudioSent: (bytes: number) => void = () => {};

  constructor(config: SpeechConfig) {
    // It tells the SDK the format, and nothing is ever written to it.
    const stream = AudioInputStream.createPushStream(AudioStreamFormat.getWaveFormatPCM(SAMPLE_RATE, 16, 1));
    super(config, AudioConfig.fromStreamInput(stream));
  }

  /** Told the path of each message that comes in, before the SDK has read it. */
  set onMessage(listener: (path: string) => void) {
    this.connections.onMessage = listener;
  }

  /** Breaks a connection off that is still being made. */
  abandon(): void {
    this.connections.abandon();
  }

  /** Sends PCM16 mono 16 kHz as one message, whatever its length, once there is a connection. It must not change any more. */
  write(pcm: Uint8Array): void {
    this.audio.write(pcm);
  }

  protected override createServiceRecognizer(
    authentication: IAuthentication,
    factory: IConnectionFactory,
    audioConfig: AudioConfig,
    config: RecognizerConfig,
  ): ServiceRecognizerBase {
    this.audio = new RecognitionAudio();
    this.connections = new DirectConnections(factory);
    // As the SDK's own method does: every AudioConfig is an audio source.
    const source = audioConfig as unknown as IAudioSource;
    const onSent = (bytes: number) => this.onAudioSent(bytes);
    return new DirectServiceRecogniser(this.audio, onSent, authentication, this.connections, source, config, this);
  }
}

type AuthInfo = Parameters<IConnectionFactory['create']>[1];

class DirectServiceRecogniser extends SpeechServiceRecognizer {
  readonly #audio: RecognitionAudio;
  readonly #onSent: (bytes: number) => void;
  readonly #loop = new MessageLoop();

  constructor(
    audio: RecognitionAudio,
    onSent: (bytes: number) => void,
    ...rest: ConstructorParameters<typeof SpeechServiceRecognizer>
  ) {
    super(...rest);
    this.#audio = audio;
    this.#onSent = onSent;
  }

  override async dispose(reason?: string): Promise<void> {
    this.#audio.close();
    await super.dispose(reason);
  }

  protected override receiveMessage(): Promise<void> {
    return this.#loop.run(() => super.receiveMessage());
  }

  /** The SDK's own reads from the audio source for ever, by a function that returns its own promise. */
  protected override async sendAudio(): Promise<void> {
    const session = this.privRequestSession;
    const { recogNumber } = session;
    const isOver = () =>
      this.isDisposed() || session.isSpeechEnded || !session.isRecognizing || session.recogNumber !== recogNumber;
    while (!isOver()) {
      const connection = await this.fetchConnection();
      await this.#audio.pour((pcm) => {
        if (isOver() || connection.state() !== ConnectionState.Connected) return false;
        session.onAudioSent(pcm.byteLength);
        this.#onSent(pcm.byteLength);
        // It fails only where the connection is closing, of which everybody will hear.
        sendAudio(connection, session.requestId, pcm).catch(() => undefined);
        return true;
      });
    }
  }
}

function sendAudio(connection: IConnection, requestId: string, pcm: Uint8Array): Promise<void> {
  if (connection instanceof DirectConnection && connection.isDirect) {
    return connection.sendPayload(audioPayload(requestId, pcm, new Date()));
  }
  const body = new Uint8Array(pcm).buffer;
  return connection.send(new SpeechConnectionMessage(MessageType.Binary, 'audio', requestId, '', body));
}
