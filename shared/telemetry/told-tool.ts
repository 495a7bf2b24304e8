/** With it begins the failure of a call of a tool that there is not. */
export const UNKNOWN_TOOL = 'unknown_tool';

/** How a tool's use ended, as far as its name is concerned. */
interface ToolEnd {
  readonly call: { readonly name: string };
  /** The failure's code and message in one line. */
  readonly error?: string | undefined;
}

/**
 * What a tool is called where its use is told to operators. A name that no tool has was made up by the model, maybe of what
 * the caller has said, and there is no end of such names.
 */
export const toldTool = ({ call, error }: ToolEnd): string =>
  error?.startsWith(`${UNKNOWN_TOOL}:`) ? 'unknown' : call.name;
