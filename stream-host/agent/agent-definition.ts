import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { parseDocument } from 'yaml';
import { z } from 'zod';
import type { RunnableTool } from '../../shared/agents/tool.ts';
import type { CollectKeysWish } from '../../shared/calls/keys-wish.ts';
import { type VoicemailPolicy, voicemailPolicy } from '../../shared/calls/voicemail-policy.ts';
import { ConfigError, messageOf, NotFoundError } from '../../shared/errors.ts';
import type { Logger } from '../../shared/log.ts';
import { type StreamingMode, streamingMode } from '../../shared/modes/streaming-modes.ts';
import { NUMBERS_FILE } from '../../shared/numbers/number-table.ts';
import type { Phrases } from '../contract/agent.ts';
import type { RealtimeSettings } from '../contract/realtime.ts';
import { type TurnPolicyChanges, turnPolicy } from '../conversation/turns/turn-policy.ts';
import type { CallTool } from './call-tools/call-tool.ts';
import { callToolSettings } from './call-tools/call-tool-settings.ts';
import { callToolsOf, HANG_UP } from './call-tools/call-tools.ts';
import { inputsOf } from './call-tools/key-settings.ts';
import { describeIssues, parseDefinition } from './definition-issues.ts';
import { PARAMETERS, type Parameter } from './deployment-traits.ts';
import { canonicalLocale, hostTimeZone, isTimeZone, localeOfVoice } from './locale.ts';
import { missingPhrases, type PhraseSettings, phraseSettings, phrasesOf } from './phrases.ts';
import { realtimeSettingsSchema } from './realtime-settings.ts';
import { type RecordingSettings, recordingSettings } from './recording-settings.ts';
import { loadTool } from './tool-file.ts';
import { type TurnSettings, turnSettingsSchema } from './turn-settings.ts';

/** The tool by which an agent hangs up. It is the engine's own: no file, nothing to run. */
export const END_CALL = 'end_call';

/** Speaks every language that agents have phrases for here. */
const DEFAULT_VOICE = 'en-US-AvaMultilingualNeural';

/** Of continuous language identification. */
const MOST_LANGUAGES = 10;

const definitionSchema = z.strictObject({
  /** Only there to be read: it is the file's name. */
  name: z.string().optional(),
  /** For whoever chooses an agent. Public, as the names are. */
  description: z.string().max(500).default(''),
  greeting: z.string().trim().min(1).max(1000),
  /** Greets with what the call's context has, such as {customer_name}; where it lacks that, `greeting` it is. */
  context_greeting: z.string().trim().min(1).max(1000).optional(),
  voice: z
    .string()
    .regex(/^[a-z]{2,3}-[A-Za-z0-9-]+(:[A-Za-z0-9]+)?$/, 'must be an Azure voice such as en-US-AvaMultilingualNeural')
    .default(DEFAULT_VOICE),
  /** What it speaks and hears, as in `de-DE`. Without it, what its voice speaks. */
  language: z
    .string()
    .refine((name) => canonicalLocale(name) !== undefined, 'must be a locale such as de-DE')
    .transform((name) => canonicalLocale(name))
    .optional(),
  /** What may be spoken where its calls are only written down, besides its own language: the recogniser finds out. */
  languages: z
    .array(
      z
        .string()
        .refine((name) => canonicalLocale(name) !== undefined, 'must be a locale such as de-DE')
        .transform((name) => canonicalLocale(name) ?? name),
    )
    .max(
      MOST_LANGUAGES - 1,
      `must have at most ${MOST_LANGUAGES - 1} entries: Azure Speech tells ${MOST_LANGUAGES} languages apart`,
    )
    .default([]),
  /** Said once at the beginning where its calls are only written down: that they are. */
  notice: z.string().trim().min(1).max(1000).optional(),
  /** Where its day begins and ends: it is told date and time of there. Without it, the host's. */
  time_zone: z.string().refine(isTimeZone, 'must be an IANA time zone such as Europe/Berlin').optional(),
  /** What is done with the line of its sessions, where nobody asks for another. Without it, ACS_STREAMING_MODE. */
  mode: streamingMode.optional(),
  prompt: z.string().trim().min(1).max(50_000),
  model: z
    .strictObject({
      temperature: z.number().min(0).max(2).optional(),
      max_tokens: z.number().int().min(1).max(16_384).default(300),
      /** What this model does not take. What it refuses is found out by itself, at the price of a request. */
      omit: z.array(z.enum(PARAMETERS)).default([]),
    })
    .prefault({}),
  tools: z
    .array(z.string().regex(/^[a-z][a-z0-9_]{0,63}$/, 'must be lower-case words joined by _'))
    .max(64)
    .refine((names) => new Set(names).size === names.length, 'names a tool twice')
    .default([]),
  /** What it may do with the call itself, and with whom. */
  call_tools: callToolSettings.default({}),
  /** Its calls may be recorded by their carrier. */
  recording: recordingSettings.optional(),
  /** What is done where no human answers a call that it places. */
  voicemail: voicemailPolicy.optional(),
  phrases: phraseSettings.prefault({}),
  turns: turnSettingsSchema.prefault({}),
  realtime: realtimeSettingsSchema.default({}),
});

/** An agent, ready to use: its YAML with the tools that it names. */
export interface Agent {
  readonly name: string;
  readonly description: string;
  readonly voice: string;
  /** What it speaks and hears, as in `de-DE`. */
  readonly locale: string;
  /** What may be spoken in its calls, its own language first. */
  readonly languages: readonly string[];
  /** What a line is told that is only written down. */
  readonly notice?: string | undefined;
  /** Its IANA time zone. */
  readonly timeZone: string;
  /** The mode of its sessions where nobody asks for another; undefined: the deployment's. */
  readonly mode?: StreamingMode | undefined;
  readonly phrases: Phrases;
  /** With names of the call's context in braces. */
  readonly contextGreeting?: string | undefined;
  readonly recording?: RecordingSettings | undefined;
  /** The same where another of its languages is spoken; the greeting is as it stands. */
  readonly phrasesIn: (locale: string) => Phrases;
  readonly prompt: string;
  readonly model: {
    readonly temperature?: number | undefined;
    readonly maxTokens: number;
    /** Parameters that the model is not sent. */
    readonly omit: readonly Parameter[];
  };
  readonly tools: ReadonlyMap<string, RunnableTool>;
  /** How it takes turns, where it is not by the defaults. */
  readonly turns: TurnPolicyChanges;
  /** What it may do with the call itself, but for hanging up. */
  readonly callTools?: ReadonlyMap<string, CallTool> | undefined;
  /** Keys that it may ask callers for, and the tools that say whether they are right, each by name. */
  readonly keyInputs?: ReadonlyMap<string, CollectKeysWish> | undefined;
  readonly keyChecks?: ReadonlyMap<string, RunnableTool> | undefined;
  /** Whether the agent may hang up. */
  readonly canEndCall: boolean;
  /** The name under which it does. */
  readonly endCallName?: string | undefined;
  /** What is done where no human answers a call that it places; undefined: it talks on. */
  readonly voicemail?: VoicemailPolicy | undefined;
  /** How it speaks by a speech-to-speech service. */
  readonly realtime: RealtimeSettings;
}

/** The agents of a process, by name. */
export type Agents = ReadonlyMap<string, Agent>;

/** The tools that ride along with the code: `agents/tools/` of the source or of the build, whichever runs. */
export const BUNDLED_TOOLS = new URL('../../agents/tools/', import.meta.url);

export interface LoadAgentsOptions {
  /** What tools work with: it is handed to each call as `services`. */
  readonly services?: object;
  /** Tools are code and come from here alone; definitions are data and may come from anywhere. */
  readonly toolsFolder?: URL;
  /** What an agent speaks that does not say it, not even by its voice (SPEECH_LANGUAGE). */
  readonly hostLanguage?: string;
  /** What of the part `realtime` the speech-to-speech service does not have, a line for each; without one, nothing is asked. */
  readonly realtimeProblems?: ((settings: RealtimeSettings) => readonly string[]) | undefined;
  /** Files may change and be read again, tools too. */
  readonly reloadable?: boolean;
  readonly log?: Logger;
}

export interface LoadedAgent {
  readonly agent: Agent;
  /** Differs where its file does, or that of one of its tools. */
  readonly version: string;
}

/**
 * Reads every `*.yaml` of a folder.
 * @throws {ConfigError} that names the file and the field, for everything that is wrong in any of them
 */
export async function loadAgents(folder: string, options: LoadAgentsOptions = {}): Promise<Agents> {
  return agentsOf(await loadFolder(folder, options));
}

/** The same by file. */
export async function loadFolder(folder: string, options: LoadAgentsOptions): Promise<Map<string, LoadedAgent>> {
  const loaded = new Map<string, LoadedAgent>();
  const problems: string[] = [];
  for (const file of await definitionFiles(folder)) {
    try {
      loaded.set(file, await loadAgent(file, options));
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      problems.push(error.message);
    }
  }
  if (problems.length > 0) throw new ConfigError(problems.join('\n'));
  return loaded;
}

export const agentsOf = (loaded: ReadonlyMap<string, LoadedAgent>): Agents =>
  new Map([...loaded.values()].map(({ agent }) => [agent.name, agent]));

/** @throws {NotFoundError} that lists the agents there are */
export function requireAgent(agents: Agents, name: string): Agent {
  const agent = agents.get(name);
  if (agent) return agent;
  throw new NotFoundError('agent.unknown', `There is no agent "${name}". There are: ${[...agents.keys()].join(', ')}.`);
}

/** @throws {ConfigError} where the folder cannot be read, or has none */
export async function definitionFiles(folder: string): Promise<string[]> {
  const names = await readdir(folder).catch((cause: unknown) => {
    throw new ConfigError(`AGENTS_FOLDER is "${folder}": it takes a folder that can be read (${messageOf(cause)}).`);
  });
  const files = names.filter((name) => name.endsWith('.yaml') && name !== NUMBERS_FILE).sort();
  if (files.length === 0)
    throw new ConfigError(`AGENTS_FOLDER is "${folder}": it takes a folder with *.yaml files, and there are none.`);
  return files.map((name) => join(folder, name));
}

/** @throws {ConfigError} that names the file and the field, for everything that is wrong in it */
export async function loadAgent(file: string, options: LoadAgentsOptions = {}): Promise<LoadedAgent> {
  const name = nameOf(file);
  const text = await readFile(file, 'utf8').catch((cause: unknown) => {
    throw new ConfigError(`${file} cannot be read: ${messageOf(cause)}.`);
  });
  const content = contentOf(file, text);
  const parsed = parseDefinition(definitionSchema, content);
  const { problems, tools, keyChecks, versions } = await checkParts(file, content, options);
  if (!parsed.success) problems.unshift(describeIssues(file, parsed.error));
  if (!parsed.success || problems.length > 0) throw new ConfigError(problems.join('\n'));
  const {
    model,
    tools: toolNames,
    call_tools,
    language,
    languages,
    time_zone,
    greeting,
    context_greeting,
    phrases,
    turns,
    ...rest
  } = parsed.data;
  const locale = language ?? localeOfVoice(rest.voice, options.hostLanguage);
  const own = { ...turns.phrases, ...phrases };
  const missing = missingPhrases(locale, own);
  if (missing.length > 0) {
    options.log?.warn(
      { agent: name, locale, missing },
      "an agent's greeting stands for phrases that nobody gave in its language",
    );
  }

  const version = createHash('sha256').update(text);
  for (const each of versions) version.update(each);
  const agent = {
    ...rest,
    keyInputs: inputsOf(call_tools.collect_keys),
    keyChecks,
    name,
    locale,
    languages: [...new Set([locale, ...languages])],
    timeZone: time_zone ?? hostTimeZone(),
    phrases: phrasesOf(locale, greeting, own),
    contextGreeting: context_greeting,
    phrasesIn: (spoken: string) => phrasesOf(spoken, greeting, own),
    turns: turns.policy,
    model: { temperature: model.temperature, maxTokens: model.max_tokens, omit: model.omit },
    tools,
    callTools: callToolsOf(call_tools),
    canEndCall: toolNames.includes(END_CALL) || call_tools.hang_up === true,
    endCallName: toolNames.includes(END_CALL) ? END_CALL : HANG_UP,
  };
  return { agent, version: version.digest('hex') };
}

/** @throws {ConfigError} where the text is no YAML, or says far more than its length */
function contentOf(file: string, text: string): unknown {
  const document = parseDocument(text);
  const problemOf = (error: Error) => new ConfigError(`${file} is no valid YAML: ${firstLineOf(error.message)}`);
  const [syntaxError] = document.errors;
  if (syntaxError) throw problemOf(syntaxError);
  try {
    return document.toJS();
  } catch (error) {
    // Of aliases: one without an anchor, or too many of them.
    throw error instanceof Error ? problemOf(error) : error;
  }
}

/** Below its first line the message shows the place in the text. */
const firstLineOf = (message: string): string => (message.split('\n')[0] ?? '').replace(/:$/, '.');

/** An agent's name is its file's. */
function nameOf(file: string): string {
  const name = basename(file, '.yaml');
  if (/^[a-z][a-z0-9-]{0,63}$/.test(name)) return name;
  throw new ConfigError(`${file}: the file's name is the agent's: it takes lower-case letters, digits and hyphens.`);
}

/**
 * What no schema says of a definition: of each part that can be read, whatever is wrong with the others, so that all of a
 * file's faults are told at once.
 */
async function checkParts(file: string, content: unknown, options: LoadAgentsOptions) {
  const given = z.record(z.string(), z.unknown()).safeParse(content).data ?? {};
  const { name, turns, phrases, realtime, tools: toolNames, call_tools } = definitionSchema.shape;
  const problems: string[] = [];
  const named = name.safeParse(given.name).data;
  if (named !== undefined && named !== nameOf(file)) {
    problems.push(`${file}: name: is "${named}", but must be the file's name, "${nameOf(file)}".`);
  }
  const turnsRead = turns.safeParse(given.turns).data;
  if (turnsRead) problems.push(...turnProblems(file, turnsRead, phrases.safeParse(given.phrases).data));
  const realtimeRead = realtime.safeParse(given.realtime).data;
  const refused = (realtimeRead && options.realtimeProblems?.(realtimeRead)) ?? [];
  problems.push(...refused.map((line) => `${file}: realtime.${line}`));
  const versions: string[] = [];
  const load = async (toolName: string, place: string): Promise<RunnableTool | undefined> => {
    try {
      const loaded = await loadTool(toolName, {
        folder: options.toolsFolder ?? BUNDLED_TOOLS,
        services: options.services,
        reloadable: options.reloadable ?? false,
        where: `${file}: ${place}`,
      });
      versions.push(loaded.version);
      return loaded.tool;
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      problems.push(error.message);
      return undefined;
    }
  };
  const tools = new Map<string, RunnableTool>();
  for (const [index, toolName] of (toolNames.safeParse(given.tools).data ?? []).entries()) {
    const tool = toolName === END_CALL ? undefined : await load(toolName, `tools[${index}]`);
    if (tool) tools.set(toolName, tool);
  }
  const keyChecks = new Map<string, RunnableTool>();
  for (const [input, { check }] of inputsOf(call_tools.safeParse(given.call_tools).data?.collect_keys)) {
    if (check === undefined || keyChecks.has(check)) continue;
    const tool = await load(check, `call_tools.collect_keys.inputs.${input}.check`);
    if (tool) keyChecks.set(check, tool);
  }
  return { problems, tools, keyChecks, versions };
}

function turnProblems(file: string, turns: TurnSettings, phrases: PhraseSettings | undefined): string[] {
  const twice = Object.keys(phrases ?? {}).find((name) => name in turns.phrases);
  const problems = twice ? [`${file}: ${twice} is given under phrases and under turns. Leave the latter out.`] : [];
  try {
    turnPolicy(turns.policy);
  } catch (error) {
    problems.push(`${file}: ${messageOf(error)}`);
  }
  return problems;
}
