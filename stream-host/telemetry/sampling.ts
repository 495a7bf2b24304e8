/** The share of traces that a trace with such an id belongs to, from 0 to 100; Application Insights' own sum, the same in all its SDKs. */
function scoreOf(traceId: string): number {
  let hash = 5381;
  for (let at = 0; at < traceId.length; at++) hash = (Math.imul(hash, 33) + traceId.charCodeAt(at)) | 0;
  const largest = 2 ** 31 - 1;
  return (Math.min(Math.abs(hash), largest) / largest) * 100;
}

/**
 * Whether a trace is kept. Decided by its id alone, so that whoever asks, in whatever process, gets the same answer: no
 * trace is torn. (`samplingUtils.js` of `@azure/monitor-opentelemetry-exporter` 1.0.0-beta.47.)
 */
export function isKept(traceId: string, ratio: number): boolean {
  return ratio >= 1 || scoreOf(traceId) < ratio * 100;
}
