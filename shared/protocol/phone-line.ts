/**
 * The emulator's phone line: how somebody without a phone network makes and takes simulated calls. A web socket at
 * `/emulator/phone?number=+15550001111`. Binary both ways: PCM16LE mono 16 kHz in 20 ms frames: the caller's voice up,
 * the agent's voice down as the network plays it out (paced; after a StopAudio nothing buffered follows).
 * `agent` and `mode` in `dial` reach the application as SIP headers, `X-MS-Custom-Agent` and
 * `X-MS-Custom-Streaming-Mode`, as a session border controller would send them.
 * `faults` has services fail in the call that this phone is in or comes into (`faults.ts`), until it is over.
 * Only the emulator, the terminal caller and the demo page speak this; production never does.
 */
export type PhoneCommand =
  | {
      readonly type: 'dial';
      /** A number, or a Teams resource account (`28:orgid:…`): then the call comes through Teams Phone. */
      readonly to: string;
      readonly displayName?: string;
      readonly agent?: string;
      readonly mode?: string;
    }
  | { readonly type: 'answer' }
  | { readonly type: 'decline' }
  | { readonly type: 'dtmf'; readonly tone: string }
  /** Rings another phone and, where it answers, brings it into the call that this one is in. */
  | { readonly type: 'add'; readonly number: string }
  /** Says it in the call, in a voice of the emulator's, in place of the microphone's sound. */
  | { readonly type: 'say'; readonly text: string }
  /** What shall fail in this phone's calls, in place of what was wanted before; an empty text: nothing. */
  | { readonly type: 'faults'; readonly faults: string }
  | { readonly type: 'hangup' };

export type PhoneEvent =
  /** The line is registered under its number and can dial and be rung. */
  | { readonly type: 'registered'; readonly number: string }
  /** Our own call is being offered to the application. */
  | { readonly type: 'dialling'; readonly correlationId: string }
  /** Somebody calls this number; send `answer` or `decline`. */
  | { readonly type: 'ringing'; readonly from: string; readonly callConnectionId: string }
  | { readonly type: 'connected'; readonly callConnectionId: string }
  /** Somebody has come into the call, or has left it. */
  | { readonly type: 'party'; readonly number: string; readonly state: 'joined' | 'left' }
  /** The application is gone, and the others are still there. */
  | { readonly type: 'applicationLeft' }
  /** The application has put this phone on hold, or takes it back. */
  | { readonly type: 'hold'; readonly state: 'on' | 'off' }
  /** A key that the application has pressed. */
  | { readonly type: 'tone'; readonly tone: string }
  /** The application's media socket is (re)connected or lost. */
  | { readonly type: 'media'; readonly state: 'started' | 'stopped' }
  /** The application told the network to drop its buffered audio; `droppedMs` of it was not played. */
  | { readonly type: 'audioStopped'; readonly droppedMs: number }
  /** The faults that were wanted are taken. */
  | { readonly type: 'faultsTaken' }
  /** A fault begins or ends, such as `model=slow:7s`; how many requests and connections have felt it, where that is counted. */
  | { readonly type: 'fault'; readonly fault: string; readonly state: 'on' | 'off'; readonly felt: number | null }
  | { readonly type: 'disconnected'; readonly code: number; readonly reason: string }
  | { readonly type: 'refused'; readonly code: string; readonly message: string };
