import { RequestError } from '../errors.ts';
import { needsOf } from './streaming-modes.ts';

/** Who says which mode a session is in. */
export interface ModeWishes {
  /** Of whoever opens the session: a field of a request, the query of a socket. */
  readonly asked?: string | undefined;
  /** The agent's own. */
  readonly agents?: string | undefined;
}

/** The modes that a process has, by name, and the one that it uses where nobody says another. */
export class ModeTable<Kind> {
  readonly usual: string;
  readonly #kinds: Readonly<Record<string, Kind>>;

  constructor(kinds: Readonly<Record<string, Kind>>, usual: string) {
    this.#kinds = kinds;
    this.usual = usual;
  }

  get names(): readonly string[] {
    return Object.keys(this.#kinds);
  }

  get all(): readonly (readonly [name: string, kind: Kind])[] {
    return Object.entries(this.#kinds);
  }

  find(name: string): Kind | undefined {
    return Object.hasOwn(this.#kinds, name) ? this.#kinds[name] : undefined;
  }

  /** @throws {RequestError} `mode.not-configured`, which says what the mode needs and what there is */
  require(name: string): Kind {
    const kind = this.find(name);
    if (kind !== undefined) return kind;
    throw modeNotConfigured(name, this.names);
  }

  /**
   * The mode of a new session: the deployment's, over that the agent's, over that the one asked for.
   * @throws {RequestError} `mode.not-configured`
   */
  choose({ asked, agents }: ModeWishes): string {
    const chosen = asked ?? agents ?? this.usual;
    this.require(chosen);
    return chosen;
  }
}

export const modeNotConfigured = (mode: string, known: readonly string[]): RequestError =>
  new RequestError(
    'mode.not-configured',
    `This deployment does not have the mode ${mode}. ${needsOf(mode)}. It has: ${known.join(', ')}.`,
  );
