/** What operations of Call Automation are called, in the log and where a fault is ordered for one. */
export const ACS_OPERATIONS = [
  ...(['answer', 'reject', 'redirect', 'create', 'get', 'hangUp', 'terminate', 'transferToParticipant'] as const),
  ...(['add', 'remove', 'mute', 'hold', 'unhold', 'play', 'sendDtmfTones'] as const),
  ...(['startContinuousDtmfRecognition', 'stopContinuousDtmfRecognition'] as const),
  ...(['startMediaStreaming', 'stopMediaStreaming', 'startTranscription'] as const),
  ...(['startRecording', 'getRecording', 'pause', 'resume', 'stopRecording'] as const),
] as const;

/** `answer`, `startMediaStreaming`, `create`; also of what is not emulated. */
export function operationName(method: string, path: string): string {
  const action = /:([a-z]\w*)$/i.exec(path)?.[1];
  if (action !== undefined) return action;
  const names = path.startsWith('/calling/recordings') ? RECORDING_NAMES : CALL_NAMES;
  return names[method] ?? method;
}

const CALL_NAMES: Readonly<Record<string, string>> = { POST: 'create', DELETE: 'hangUp', GET: 'get' };
const RECORDING_NAMES: Readonly<Record<string, string>> = {
  ...{ POST: 'startRecording', DELETE: 'stopRecording', GET: 'getRecording' },
};
