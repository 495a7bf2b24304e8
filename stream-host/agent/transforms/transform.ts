import type { ReplyPiece } from '../../contract/agent.ts';

type Soon<Value> = Value | Promise<Value>;
type Pieces = readonly ReplyPiece[];

/** Changes an answer on its way from the model to the mouth. One for each answer. Keeps no text back for long. */
export interface ReplyTransform {
  /** Takes the next piece; gives what is ready to go on. Whoever must ask somebody first may give it later. */
  take(piece: ReplyPiece): Soon<Pieces>;
  /** The text has ended, or pauses for a tool: what was kept back is due. */
  end(): Soon<Pieces>;
}

export type OpenTransform = () => ReplyTransform;

/** Transforms one after the other. As long as none of them takes time, nothing here does: no promise for each token. */
export class TransformPipeline implements ReplyTransform {
  readonly #stages: readonly ReplyTransform[];

  constructor(stages: readonly ReplyTransform[]) {
    this.#stages = stages;
  }

  take(piece: ReplyPiece): Soon<Pieces> {
    return this.#stages.reduce<Soon<Pieces>>((pieces, stage) => after(pieces, (all) => takeAll(stage, all)), [piece]);
  }

  /** Each stage ends once it has had what the one before it kept. */
  end(): Soon<Pieces> {
    return this.#stages.reduce<Soon<Pieces>>(
      (kept, stage) =>
        after(kept, (all) => after(takeAll(stage, all), (taken) => after(stage.end(), (last) => [...taken, ...last]))),
      [],
    );
  }
}

function takeAll(stage: ReplyTransform, pieces: Pieces): Soon<Pieces> {
  return pieces.reduce<Soon<Pieces>>(
    (ready, piece) => after(ready, (done) => after(stage.take(piece), (more) => [...done, ...more])),
    [],
  );
}

const after = <Value, Result>(value: Soon<Value>, next: (value: Value) => Soon<Result>): Soon<Result> =>
  value instanceof Promise ? value.then(next) : next(value);
