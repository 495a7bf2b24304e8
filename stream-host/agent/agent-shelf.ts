import { type FSWatcher, watch } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Cancel, Clock } from '../../shared/clock.ts';
import { messageOf } from '../../shared/errors.ts';
import type { Logger } from '../../shared/log.ts';
import type { AgentCard } from '../contract/agent.ts';
import {
  type Agent,
  type Agents,
  agentsOf,
  BUNDLED_TOOLS,
  definitionFiles,
  type LoadAgentsOptions,
  type LoadedAgent,
  loadAgent,
  loadFolder,
  requireAgent,
} from './agent-definition.ts';

export interface AgentShelfOptions extends LoadAgentsOptions {
  /** The folder of their `*.yaml`. */
  readonly folder: string;
  readonly clock: Clock;
  readonly log: Logger;
}

/** Editors write a file in several steps. */
const SETTLE_MS = 150;

/**
 * The agents of a process, as their files say now. Whoever takes an agent keeps it as it was then: a conversation ends
 * with the agent that it began with, and the next one has what its file says by then.
 */
export class AgentShelf {
  readonly #options: AgentShelfOptions;
  readonly #watchers: FSWatcher[] = [];
  /** By file. */
  #loaded: ReadonlyMap<string, LoadedAgent>;
  /** By file, what was last said of one that cannot be used. */
  #problems: ReadonlyMap<string, string> = new Map();
  #onChange: () => void = () => {};
  #cancel: Cancel = () => {};
  #reading: Promise<void> = Promise.resolve();
  #closed = false;

  private constructor(options: AgentShelfOptions, loaded: ReadonlyMap<string, LoadedAgent>) {
    this.#options = options;
    this.#loaded = loaded;
  }

  /** @throws {ConfigError} that names the file and the field, for all that is wrong in the folder */
  static async open(options: AgentShelfOptions): Promise<AgentShelf> {
    return new AgentShelf(options, await loadFolder(options.folder, options));
  }

  get agents(): Agents {
    return agentsOf(this.#loaded);
  }

  get cards(): AgentCard[] {
    return [...this.#loaded.values()].map(({ agent: { name, description, languages, mode, notice } }) => ({
      name,
      description,
      languages,
      ...(mode !== undefined && { mode }),
      ...(notice !== undefined && { notice }),
    }));
  }

  /** @throws {NotFoundError} that lists the agents there are */
  require(name: string): Agent {
    return requireAgent(this.agents, name);
  }

  /** Of an agent's file and its tools' files, as they are now: what changes with them. */
  versionOf(name: string): string | undefined {
    return [...this.#loaded.values()].find(({ agent }) => agent.name === name)?.version;
  }

  /**
   * Reads agents and tools again whenever their files change. For development; wants `reloadable`.
   * @param onChange some agent is another now, is new or has gone
   */
  watch(onChange: () => void): void {
    const { folder, toolsFolder = BUNDLED_TOOLS, clock, log } = this.#options;
    this.#onChange = onChange;
    const onFile = () => {
      this.#cancel();
      this.#cancel = clock.after(SETTLE_MS, () => void this.reload());
    };
    for (const place of [folder, fileURLToPath(toolsFolder)]) {
      const giveUp = (error: unknown) =>
        log.warn({ folder: place, reason: messageOf(error) }, 'a folder is not watched');
      try {
        const watcher = watch(place, { persistent: false }, onFile);
        watcher.on('error', giveUp);
        this.#watchers.push(watcher);
      } catch (error) {
        // A system has only so many of them.
        giveUp(error);
      }
    }
  }

  /** Reads all files again. One that cannot be used is told of in one line, and its agent stays as it was. */
  reload(): Promise<void> {
    this.#reading = this.#reading.then(() => this.#reload());
    return this.#reading;
  }

  /** Idempotent. */
  close(): void {
    this.#closed = true;
    this.#cancel();
    for (const watcher of this.#watchers) watcher.close();
  }

  async #reload(): Promise<void> {
    const { folder, log } = this.#options;
    let files: readonly string[];
    try {
      files = await definitionFiles(folder);
    } catch (error) {
      // Nobody means to be without any agent: the folder is being moved, or written anew.
      log.error(messageOf(error));
      return;
    }
    const loaded = new Map<string, LoadedAgent>();
    const problems = new Map<string, string>();
    for (const file of files) {
      const now = await this.#read(file, problems);
      if (now) loaded.set(file, now);
    }
    const before = this.#loaded;
    this.#loaded = loaded;
    this.#problems = problems;
    for (const [file, { agent }] of before) {
      if (!loaded.has(file)) log.info({ agent: agent.name }, 'agent removed');
    }
    const changed = before.size !== loaded.size || [...loaded].some(([file, agent]) => before.get(file) !== agent);
    if (changed && !this.#closed) this.#onChange();
  }

  /** @returns what was there before where the file has not changed, or cannot be used */
  async #read(file: string, problems: Map<string, string>): Promise<LoadedAgent | undefined> {
    const before = this.#loaded.get(file);
    const { log, ...options } = this.#options;
    try {
      // What its phrases lack was told when it was first read.
      const now = await loadAgent(file, before ? options : this.#options);
      if (now.version === before?.version) return before;
      log.info({ agent: now.agent.name }, before ? 'agent changed: the next conversation has it' : 'agent added');
      return now;
    } catch (error) {
      const problem = messageOf(error).replaceAll('\n', '; ');
      problems.set(file, problem);
      if (this.#problems.get(file) !== problem) log.error(before ? `${problem} (The agent stays as it was.)` : problem);
      return before;
    }
  }
}
