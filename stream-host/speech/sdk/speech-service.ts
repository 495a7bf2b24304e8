import type { TokenCredential } from '@azure/identity';
import { PropertyId, SpeechConfig } from 'microsoft-cognitiveservices-speech-sdk';
import adapter from 'microsoft-cognitiveservices-speech-sdk/distrib/lib/src/common.browser/WebsocketMessageAdapter.js';
import type { CodeOf, ErrorCode } from '../../../shared/error-codes.ts';
import { DependencyError } from '../../../shared/errors.ts';

// With Node's own WebSocket the SDK cannot tell a wrong key from a service that is down, asks twice for each refusal,
// and needs about twice the memory. The switch back to `ws` is not public; the SDK's version is pinned.
adapter.WebsocketMessageAdapter.forceNpmWebSocket = true;

/** An Azure Speech resource, or the emulator. */
export interface SpeechService {
  /** `wss://<resource>.cognitiveservices.azure.com`, or `ws://` to the emulator. Without a path. */
  readonly host: string;
  /** The key of the resource; or tokens of an identity, each asked for when a connection is made, which it outlives. */
  readonly proof: string | TokenCredential;
}

/**
 * The SDK's settings for one service. The host form is used because with an endpoint of its own the SDK makes an extra
 * HTTPS request for each connection; version 2 is the recognition path that custom domains serve.
 */
export function speechConfigFor({ host, proof }: SpeechService): SpeechConfig {
  const config =
    typeof proof === 'string' ? SpeechConfig.fromHost(new URL(host), proof) : withCredential(new URL(host), proof);
  config.setProperty(PropertyId.SpeechServiceConnection_RecognitionEndpointVersion, '2');
  return config;
}

/** As `fromHost`, which takes no credential: the endpoint, of which the other form makes one, is taken back. */
function withCredential(host: URL, credential: TokenCredential): SpeechConfig {
  const config = SpeechConfig.fromEndpoint(host, credential);
  config.setProperty(PropertyId.SpeechServiceConnection_Endpoint, '');
  config.setProperty(PropertyId.SpeechServiceConnection_Host, `${host.protocol}//${host.host}`);
  return config;
}

/** The close code for a request that the service cannot carry out: a voice that the region does not have. */
export const INVALID_PAYLOAD = 1007;

/** The SDK's words for what went wrong, of which only the numbers are safe to keep: they may quote a URL with the key or the token. */
const STATUS_PATTERNS = [/server response: (\d{3})/i, /websocket error code: (\d{4})/i, /StatusCode: (\d{3,4})/i];

export class SpeechServiceError extends DependencyError {
  /** The HTTP status of a refused upgrade, or the close code of a socket. */
  readonly wireStatus: number | undefined;

  /** What it means, where that is known of the service whatever was asked of it. */
  get reason(): ErrorCode {
    if (this.isRefusal) return 'speech.refused';
    return this.wireStatus === 429 ? 'speech.throttled' : this.code;
  }

  /** Of a refused upgrade alone. */
  get httpStatus(): number | undefined {
    return this.wireStatus !== undefined && this.wireStatus < 1000 ? this.wireStatus : undefined;
  }

  /** Trying again cannot help: the key or the request is refused. */
  get isRefusal(): boolean {
    return this.wireStatus === 400 || this.wireStatus === 401 || this.wireStatus === 403 || this.wireStatus === 404;
  }

  constructor(code: CodeOf<503>, sdkDetails: string | undefined) {
    const status = STATUS_PATTERNS.map((pattern) => pattern.exec(sdkDetails ?? '')?.[1]).find(Boolean);
    super(code, explain(status));
    this.wireStatus = status === undefined ? undefined : Number(status);
  }
}

function explain(status: string | undefined): string {
  if (status === undefined) return 'Azure Speech ended the connection.';
  if (status === '401' || status === '403') {
    return `Azure Speech refused the key or the identity (${status}). Check SPEECH_KEY, and that it belongs to SPEECH_HOST; without a key, the role of the managed identity.`;
  }
  if (status === '404' || status === '400')
    return `Azure Speech does not know this address (${status}). Check SPEECH_HOST.`;
  if (status === '429') return 'Azure Speech has too many connections (429). Raise the quota of the resource.';
  return `The connection to Azure Speech failed or was dropped (${status}). Check SPEECH_HOST and the network.`;
}
