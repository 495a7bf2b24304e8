import { withoutControls } from '../../shared/control-characters.ts';
import type { ToolRequest } from '../contract/agent.ts';
import { END_CALL } from './agent-definition.ts';
import { HANG_UP } from './call-tools/call-tools.ts';

/** Of why the agent hangs up, in its own words. */
const LONGEST_REASON = 200;

export const isEndCall = ({ name }: ToolRequest): boolean => name === END_CALL || name === HANG_UP;

/** Why the agent hangs up, as its model wrote it. */
export function endCallReason({ argumentText }: ToolRequest): string {
  try {
    const { reason } = JSON.parse(argumentText) as { reason?: unknown };
    if (typeof reason === 'string' && reason !== '') return withoutControls(reason).slice(0, LONGEST_REASON);
  } catch {
    // A model that cannot spell its reason still wants to hang up.
  }
  return 'goodbye';
}
