import { ACS_EVENTS } from '../shared/carrier/acs/acs-events.ts';

const COMMENT = /\/\*[\s\S]*?\*\/|(?<![:'"`\w])\/\/[^\n]*/g;

/** The kinds of ACS's frames, the parts that are named as they are, and what stands in them. */
const FRAMES = [
  'AudioData',
  'AudioMetadata',
  'StopAudio',
  'DtmfData',
  'TranscriptionData',
  'TranscriptionMetadata',
  'participantRawID',
];
/** What ACS is asked for and what it announces, by its own names. */
const FIELDS = [
  'audioFormat',
  'audioChannelType',
  'mediaStreamingOptions',
  'mediaStreamingUpdate',
  'mediaStreamingStatus',
  'mediaStreamingStatusDetails',
  'transcriptionOptions',
  'transcriptionUpdate',
  'transcriptionStatusDetails',
  'incomingCallContext',
  'resultInformation',
  'callConnectionState',
  'operationCallbackUri',
  'teamsAppSource',
  'publicEventType',
];
/** Why a stream came or went. */
const DETAILS = [
  'subscriptionStarted',
  'subscriptionStopped',
  'streamConnectionReestablished',
  'streamConnectionUnsuccessful',
  'streamConnectionInterrupted',
  'streamUrlMissing',
  'initialWebSocketConnectionFailed',
  'speechServicesConnectionError',
];

/** As they are written, wherever they stand. */
const NAMES = [...ACS_EVENTS, ...FRAMES, ...FIELDS, ...DETAILS].join('|');
const PATTERNS = [
  new RegExp(String.raw`(?<![\w$#])(?:${NAMES})(?![\w$])`, 'g'),
  // In any case where one is a whole text, or behind a carrier's name.
  new RegExp(String.raw`(['"\`])(?:acs\.|Microsoft\.Communication\.)?(?:${NAMES}|IncomingCall)\1`, 'gi'),
  // What deploys ACS names its resources so.
  /Microsoft\.Communication\.\w+/g,
  /\bacs\.(?:[A-Z]\w+)/g,
  /\bPcm(?:8|16|24)K(?:Mono)?\b/gi,
];

/** Where a source speaks of ACS's events, rates or frames by its own names. Comments do not count. */
export function carrierWords(source: string): string[] {
  const code = source.replace(COMMENT, ' ');
  return [...new Set(PATTERNS.flatMap((pattern) => [...code.matchAll(pattern)].map(([text]) => text)))];
}
