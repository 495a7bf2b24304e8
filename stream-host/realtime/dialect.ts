import type {
  RealtimeMcpServer,
  RealtimeOptions,
  RealtimeResponseRequest,
  RealtimeSettings,
} from '../contract/realtime.ts';
import { type Fields, fields } from './fields.ts';
import type { EventNames } from './server-event.ts';

/** What one service says otherwise than the other. */
export interface Dialect {
  /** For people. */
  readonly serviceName: string;
  readonly eventNames: EventNames;
  /** It says a line word for word without its model. */
  readonly speaksVerbatim: boolean;
  /** The type of a text part in an item of the agent's. */
  readonly agentTextType: 'output_text' | 'text';
  /** How long after the service's own tools it may go on by itself before it is asked to. */
  readonly afterServiceToolsMs: number;
  /** The rate of a session for a line of that rate. */
  rateHz(lineHz: number): 16_000 | 24_000;
  /** The `session` of a `session.update`. */
  session(options: RealtimeOptions): Fields;
  /** The fields of that session that say what its audio is: one that is not as asked makes noise of a call. */
  readonly audioFields: readonly string[];
  /** A `response.create`, but for its type and id. */
  response(request: RealtimeResponseRequest, requestId: string): Fields;
  /** What of an agent's settings the service does not have, a line for each, which begins with the field's name. */
  problems(settings: RealtimeSettings): string[];
}

/** What dialects are given by the deployment's settings. */
export interface DialectOptions {
  /** Writes down what callers say, where an agent names no other. */
  readonly transcriptionModel?: string | undefined;
  /** The value of a variable that an agent names as the token for a server of tools. */
  readonly secretOf: (name: string) => string | undefined;
}

/** By this a response tells whose it is. */
export const REQUEST_KEY = 'parley_request';

/** Variables whose value an agent's definition may have sent to a server of tools: no other secret of ours. */
const TOKEN_NAME = /^MCP_[A-Z0-9_]{1,60}$/;

/** The agent's tools as both services take them; servers of tools need no approval, as nobody could give it. */
export function toolFields(
  { brief }: RealtimeOptions,
  secretOf: DialectOptions['secretOf'],
): { readonly tools?: readonly Fields[]; readonly tool_choice?: 'auto' } {
  const functions = brief.tools.map(({ name, description, parameters }) => ({
    type: 'function',
    name,
    description,
    parameters,
  }));
  const servers = (brief.settings.mcp_servers ?? []).map(({ authorization_setting, ...server }) =>
    fields({
      type: 'mcp',
      ...server,
      authorization: authorization_setting === undefined ? undefined : secretOf(authorization_setting),
      require_approval: 'never',
    }),
  );
  const tools = [...functions, ...servers];
  return tools.length === 0 ? {} : { tools, tool_choice: 'auto' };
}

/** What is wrong with the tokens that servers of tools are to be given. */
export function tokenProblems(
  servers: readonly RealtimeMcpServer[] | undefined,
  secretOf: DialectOptions['secretOf'],
): string[] {
  return (servers ?? []).flatMap(({ authorization_setting: name }, index) => {
    if (name === undefined) return [];
    const place = `mcp_servers.${index}.authorization_setting`;
    if (!TOKEN_NAME.test(name)) return [`${place}: is "${name}", but must be a variable whose name begins with MCP_`];
    return secretOf(name) ? [] : [`${place}: the variable ${name} is not set`];
  });
}
