import type { z } from 'zod';
import type { ErrorStatus } from '../error-codes/entry.ts';
import type { ErrorBody } from '../http/error-body.ts';
import type { RouteContract } from '../http/route.ts';

/** Some routes as the `paths` of `openapi-fetch` are. */
export type PathsOf<Contract extends RouteContract> = {
  [Path in Contract['path']]: {
    [Each in Extract<Contract, { readonly path: Path }> as Lowercase<Each['method']>]: Operation<Each>;
  };
};

type Operation<Contract extends RouteContract> = {
  parameters: Place<Contract, 'params', 'path'> &
    Place<Contract, 'query', 'query'> &
    Place<Contract, 'headers', 'header'>;
  responses: Responses<Contract['answers']>;
} & (Contract extends { readonly body: infer Body extends z.ZodType }
  ? { requestBody: { content: { 'application/json': Given<Body> } } }
  : { requestBody?: never });

/** Of a part of the request whose fields may all be left out, the whole may be. */
type Place<Contract, Part extends string, Name extends string> = Contract extends {
  readonly [P in Part]: infer Schema extends z.ZodType;
}
  ? Record<string, never> extends Given<Schema>
    ? { [N in Name]?: Given<Schema> }
    : { [N in Name]: Given<Schema> }
  : { [N in Name]?: never };

/** What may be given. Where a reader would take anything and make the best of it: what it makes. */
type Given<Schema extends z.ZodType> = {
  [Field in keyof z.input<Schema>]: unknown extends z.input<Schema>[Field]
    ? z.output<Schema>[Field & keyof z.output<Schema>]
    : z.input<Schema>[Field];
};

type Responses<Answers extends RouteContract['answers']> = {
  [Status in keyof Answers]: { content: { 'application/json': Plain<z.output<Answers[Status]>> } };
} & { [Status in Exclude<ErrorStatus, keyof Answers>]: { content: { 'application/json': ErrorBody } } };

/** The client takes the methods of a list that is read only for fields of an object. */
type Plain<Value> = Value extends readonly (infer Entry)[]
  ? Plain<Entry>[]
  : Value extends object
    ? { [Field in keyof Value]: Plain<Value[Field]> }
    : Value;

/** What a GET route answers when all went well. */
export type AnswerAt<Routes, Path extends keyof Routes> = Routes[Path] extends {
  readonly get: {
    readonly responses: { readonly 200: { readonly content: { readonly 'application/json': infer Body } } };
  };
}
  ? Body
  : never;
