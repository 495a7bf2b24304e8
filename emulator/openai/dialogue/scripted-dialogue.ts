import { numbersAsDigits } from '../../speech/number-words.ts';
import type { ChatAnswer, ChatMessage, ChatModel, ChatRequest, ToolShape } from '../chat-wire.ts';
import { callNews, callWish, isCallTool, nobodyToReach } from './call-lines.ts';
import { NOT_UNDERSTOOD } from './not-understood.ts';
import { deskLine, deskTool, phraseDeskResult, wasRefused } from './order-desk.ts';
import { phraseResult } from './result-words.ts';
import { smallTalk, withoutPleasantries } from './small-talk.ts';
import { type Args, callsOf } from './tool-arguments.ts';
import { mostAlike, spokenName } from './tool-choice.ts';

interface Call {
  readonly name: string;
  readonly args: Args;
  /** Undefined until the tool has answered. */
  result: unknown;
}

/** What the caller said, and what was done and said about it. The first turn has no words where the agent greeted. */
interface Turn {
  readonly caller: string;
  readonly agent: string[];
  readonly calls: Call[];
}

/** What to do about the caller's last words. It follows from the messages alone, so it is made anew for each request. */
type Plan =
  | { readonly kind: 'say'; readonly text: string; readonly hangsUp?: boolean }
  /** A tool is wanted and lacks something that only the caller can say. */
  | { readonly kind: 'ask'; readonly text: string; readonly tool: ToolShape; readonly said: string }
  | {
      readonly kind: 'use';
      readonly tool: ToolShape;
      readonly said: string;
      readonly calls: readonly Args[];
      /** Where the answers to these calls may be found. */
      readonly done: readonly Call[];
      readonly opening?: string;
    };

const END_CALL = 'end_call';
/** By either name. */
const HANGS_UP: ReadonlySet<string> = new Set([END_CALL, 'hang_up']);
const OPENING = 'Of course. ';
const SORRY = `${NOT_UNDERSTOOD} `;
const BYE = 'Thank you for calling. Goodbye, and have a nice day!';

const REPEAT =
  /\b(repeat|say (that|it) again|pardon|come again|once more|what (did|do) you (just )?(say|said)|what was that)\b/;
const GOODBYE = /\b(good ?-?(bye?|buy|byte)|bye|hang up|see you (later|soon))\b/;
const ALL_SAID = /\b(that'?s|that is|that will be) (all|it|everything)\b|\bnothing else\b|\bno,? thank(s| you)\b/;
const IDENTITY =
  /\b((who|what) are you|your name|language model|are you (really )?an? (real|robot|bot|human|machine|computer|person|ai))\b/;

/**
 * Stands in for a language model where there is none: fixed rules that see what a model would see, the messages and the
 * tools. It knows the demo's order desk; of any other agent it calls the tool whose words are most like the caller's,
 * and tells what came of it. It is no language model and says so when asked.
 */
export class ScriptedDialogue implements ChatModel {
  readonly name = 'scripted-demo';

  answer(request: ChatRequest): ChatAnswer {
    const all = (request.tools ?? []).map((tool) => tool.function);
    const told = callNews(request.messages);
    if (told !== undefined) return { text: told, calls: [] };
    const turns = readTurns(request.messages);
    const wish = request.tool_choice === 'none' ? undefined : callWish(turns.at(-1)?.caller.trim() ?? '', all);
    if (wish) return wish;
    const tools = all.filter((tool) => !isCallTool(tool));
    const plan = makePlan(turns, tools);
    if (plan.kind !== 'use') {
      const end = plan.kind === 'say' && plan.hangsUp ? all.find(({ name }) => HANGS_UP.has(name)) : undefined;
      return { text: plan.text, calls: end ? [{ name: end.name, args: '{"reason":"goodbye"}' }] : [] };
    }
    const { tool, opening = '' } = plan;
    const results = resultsOf(plan);
    const missing = plan.calls.filter((_, index) => results[index] === undefined);
    if (missing.length > 0 && request.tool_choice !== 'none') {
      return { text: '', calls: missing.map((args) => ({ name: tool.name, args: JSON.stringify(args) })) };
    }
    const said = results.map((result) => phraseDeskResult(tool.name, result) ?? phraseResult(result));
    return { text: opening + said.join(' '), calls: [] };
  }
}

function makePlan(turns: readonly Turn[], allTools: readonly ToolShape[]): Plan {
  const turn = turns.at(-1);
  const before = turns.slice(0, -1);
  const tools = allTools.filter(({ name }) => name !== END_CALL);
  const said = numbersAsDigits(turn?.caller.trim() ?? '');
  const plain = said.toLowerCase();
  if (turn === undefined || plain === '') return { kind: 'say', text: helpWith(tools) };
  if (REPEAT.test(plain)) return sayAgain(before, turn, tools);
  if (GOODBYE.test(plain)) return { kind: 'say', text: BYE, hangsUp: true };
  if (IDENTITY.test(plain)) {
    const text =
      'I am a scripted demo, not a language model. I follow a few fixed rules, but the tools I use are real.';
    return { kind: 'say', text };
  }

  // "How are you today?" names no day.
  const asked = withoutPleasantries(said);
  const earlier = turns.flatMap(({ calls }) => calls.map(({ args }) => args));
  const use = (tool: ToolShape, text: string): Plan => {
    const found = callsOf(tool, text, asked, earlier);
    if ('question' in found) return { kind: 'ask', text: found.question, tool, said: text };
    return { kind: 'use', tool, said: text, calls: found.calls, done: turn.calls };
  };
  const wanted = deskTool(asked.toLowerCase(), tools) ?? mostAlike(asked, tools);
  const open = before.length > 0 ? makePlan(before, tools) : undefined;
  if (open !== undefined && isOpen(open) && (wanted === undefined || wanted.isGuess || wanted.tool === open.tool)) {
    // The answer to a question of ours, or another word for one that the tool refused, goes on with what was wanted.
    const plan = use(open.tool, `${asked} . ${open.said}`);
    if (goesOn(plan, open)) return plan;
  }
  if (wanted !== undefined) return use(wanted.tool, asked);
  if (ALL_SAID.test(plain)) return { kind: 'say', text: BYE, hangsUp: true };
  const text = deskLine(plain, tools) ?? nobodyToReach(plain) ?? smallTalk(plain);
  if (text !== undefined) return { kind: 'say', text };
  if (/\b(help|what (else )?can (you|i)|options)\b/.test(plain)) return { kind: 'say', text: helpWith(tools) };
  if (open?.kind === 'ask') return { ...open, text: SORRY + open.text.replace(SORRY, '') };
  return { kind: 'say', text: SORRY + helpWith(tools) };
}

type OpenPlan = Extract<Plan, { tool: ToolShape }>;

const isOpen = (plan: Plan): plan is OpenPlan =>
  plan.kind === 'ask' || (plan.kind === 'use' && resultsOf(plan).some(wasRefused));

/** Whether the caller's new words have changed what is to be done. */
function goesOn(plan: Plan, open: OpenPlan): boolean {
  if (plan.kind === 'use' && open.kind === 'use') return JSON.stringify(plan.calls) !== JSON.stringify(open.calls);
  return !(plan.kind === 'ask' && open.kind === 'ask' && plan.text === open.text.replace(SORRY, ''));
}

/** Says the last answer again, whole, even where the caller cut it off. */
function sayAgain(before: readonly Turn[], turn: Turn, tools: readonly ToolShape[]): Plan {
  const last = before.at(-1);
  if (last === undefined) return { kind: 'say', text: helpWith(tools) };
  if (last.caller === '') return { kind: 'say', text: OPENING + last.agent.join(' ').replace(/ \[.*\]$/, '') };
  const plan = makePlan(before, tools);
  if (plan.kind === 'use') return { ...plan, done: [...plan.done, ...turn.calls], opening: OPENING };
  return { ...plan, text: OPENING + plan.text.replace(OPENING, '') };
}

function resultsOf({ tool, calls, done }: Extract<Plan, { kind: 'use' }>): readonly unknown[] {
  // Whoever answered early read a partial, in small letters; the same turn's final has "Friday".
  const plain = (value: unknown): string => String(value).toLowerCase();
  const isCall = (args: Args) => (call: Call) =>
    call.name === tool.name && Object.entries(args).every(([key, value]) => plain(call.args[key]) === plain(value));
  return calls.map((args) => done.findLast((call) => call.result !== undefined && isCall(args)(call))?.result);
}

function helpWith(tools: readonly ToolShape[]): string {
  if (tools.length === 0) return 'I am only a scripted demo, and this agent has no tool that I could use.';
  const names = tools.map(({ name }) => spokenName(name));
  const list = new Intl.ListFormat('en', { type: 'disjunction' }).format(names);
  return `I am only a scripted demo, but I can do something for you when your words are like ${list}.`;
}

/** The messages of a chat request, as turns. Never empty. */
function readTurns(messages: readonly ChatMessage[]): Turn[] {
  const turns: Turn[] = [];
  const calls = new Map<string, Call>();
  let turn: Turn = { caller: '', agent: [], calls: [] };
  for (const message of messages) {
    if (message.role === 'user') {
      if (turn.caller !== '' || turn.agent.length > 0) turns.push(turn);
      turn = { caller: message.content, agent: [], calls: [] };
    } else if (message.role === 'assistant') {
      if (message.content !== '') turn.agent.push(message.content);
      for (const { id, function: made } of message.tool_calls ?? []) {
        const call = { name: made.name, args: Object(parseJson(made.arguments)), result: undefined };
        calls.set(id, call);
        turn.calls.push(call);
      }
    } else if (message.role === 'tool') {
      const call = calls.get(message.tool_call_id);
      if (call) call.result = parseJson(message.content);
    }
  }
  return [...turns, turn];
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
