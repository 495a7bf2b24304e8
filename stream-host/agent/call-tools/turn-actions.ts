import type { CallAction, ReplyPiece, ToolOutcome, ToolRequest } from '../../contract/agent.ts';
import type { CallKeys } from '../tool-calls.ts';
import type { CallTool } from './call-tool.ts';
import { checkCallTool } from './check-call-tool.ts';

/** What the model is told of something that is done with the call later. */
const ONCE_HEARD = { status: 'accepted', note: 'It is done once the caller has heard what you say now. Tell him so.' };

/** What the model of one answer wants done with the call once the answer was heard. */
export class TurnActions {
  readonly #all: CallAction[] = [];
  readonly #tools: ReadonlyMap<string, CallTool>;

  constructor(tools: ReadonlyMap<string, CallTool> = new Map()) {
    this.#tools = tools;
  }

  /** As the answer's last pieces. */
  get pieces(): ReplyPiece[] {
    return this.#all.map((action) => ({ type: 'call-action', action }));
  }

  /**
   * Takes what concerns the call out of a round's requests.
   * @param hasWords the model has told the caller already: then it need not be asked to
   * @returns the requests that are left, and what the model must be told of those that are not
   */
  takeDown(
    requests: readonly ToolRequest[],
    keys: CallKeys,
    hasWords: boolean,
  ): { readonly work: ToolRequest[]; readonly told: ToolOutcome[] } {
    const work: ToolRequest[] = [];
    const told: ToolOutcome[] = [];
    let mustAnswer = !hasWords;
    for (const request of requests) {
      const wanted = checkCallTool(this.#tools, request, keys);
      if (!wanted) {
        work.push(request);
        mustAnswer = true;
      } else if ('refused' in wanted) {
        told.push(wanted.refused);
        mustAnswer = true;
      } else {
        this.#add(wanted.action);
        told.push({ call: wanted.action.call, elapsedMs: 0, result: wanted.action.told ?? ONCE_HEARD });
      }
    }
    return { work, told: mustAnswer ? told : [] };
  }

  /** Asked for twice in one answer, it is done once. */
  #add(action: CallAction): void {
    if (!this.#all.some(({ call }) => call.name === action.call.name)) this.#all.push(action);
  }
}
