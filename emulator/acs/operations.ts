import { z } from 'zod';
import { invalidArgument } from './acs-error.ts';
import type { Answer } from './answer.ts';
import type { Call } from './call.ts';
import type { Exchange } from './exchange.ts';
import {
  addRequest,
  answerRequest,
  contextRequest,
  createRequest,
  holdRequest,
  muteRequest,
  playRequest,
  recordingRequest,
  redirectRequest,
  rejectRequest,
  removeRequest,
  sendTonesRequest,
  targetRequest,
  transcriptionRequest,
  transferRequest,
} from './requests.ts';

/** A request that has passed the door. */
export interface Asking {
  readonly body: unknown;
  /** Of the call connection or recording. */
  readonly id: string;
  /** As it was asked for. */
  readonly url: URL;
}

export type Operation = (asking: Asking) => Answer | Promise<Answer>;

/** Few, so that whoever reads one page only finds out soon. */
const PAGE_SIZE = 2;
const NONE = z.unknown();

/** All operations, by method and path. Success codes matter: the SDK throws for any other. */
export function operationsOf(exchange: Exchange): Readonly<Record<string, Operation>> {
  const { recordings } = exchange;
  /** One on a call, in whatever state that is. */
  const onCall =
    <Schema extends z.ZodType>(
      schema: Schema,
      act: (call: Call, request: z.output<Schema>, asking: Asking) => Answer,
    ) =>
    (asking: Asking): Answer => {
      const call = exchange.find(asking.id);
      return { ...act(call, parse(schema, asking.body), asking), call: call.ids.callConnectionId };
    };
  /** One that only a connected call can be asked for. */
  const inCall = <Schema extends z.ZodType>(schema: Schema, act: (call: Call, request: z.output<Schema>) => Answer) =>
    onCall(schema, (call, request) => {
      call.requireConnected();
      return act(call, request);
    });
  const call = 'callConnections/{id}';
  const participants = `${call}/participants`;
  return {
    'POST callConnections': async ({ body }) => {
      const { call: created, ring } = await exchange.create(parse(createRequest, body));
      return { ...about(created, 201), afterwards: ring };
    },
    'POST callConnections:answer': async ({ body }) => {
      const { call: answered, connect } = await exchange.answer(parse(answerRequest, body));
      return { ...about(answered), afterwards: connect };
    },
    'POST callConnections:reject': ({ body }) => {
      exchange.reject(parse(rejectRequest, body));
      return { status: 204 };
    },
    'POST callConnections:redirect': ({ body }) => ({
      status: 204,
      afterwards: exchange.redirect(parse(redirectRequest, body)),
    }),

    [`GET ${call}`]: onCall(NONE, (asked) => about(asked)),
    [`DELETE ${call}`]: onCall(NONE, (left) => ({ status: 204, afterwards: () => left.hangUp() })),
    [`POST ${call}:terminate`]: onCall(NONE, (ended) => ({ status: 204, afterwards: () => ended.terminate() })),
    [`POST ${call}:transferToParticipant`]: inCall(transferRequest, (on, wish) => on.participants.transfer(wish)),

    [`GET ${participants}`]: onCall(NONE, ({ participants: { all } }, _, { url }) => page(all, url)),
    [`POST ${participants}:add`]: inCall(addRequest, (on, wish) => on.participants.add(wish)),
    [`POST ${participants}:remove`]: inCall(removeRequest, (on, wish) => on.participants.remove(wish)),
    [`POST ${participants}:mute`]: inCall(muteRequest, (on, wish) => on.participants.mute(wish)),
    [`POST ${call}:hold`]: inCall(holdRequest, (on, wish) => on.participants.hold(wish)),
    [`POST ${call}:unhold`]: inCall(targetRequest, (on, wish) => on.participants.unhold(wish)),

    [`POST ${call}:play`]: inCall(playRequest, (on, wish) => on.media.play(wish)),
    [`POST ${call}:sendDtmfTones`]: inCall(sendTonesRequest, (on, wish) => on.media.sendTones(wish)),
    [`POST ${call}:startContinuousDtmfRecognition`]: inCall(targetRequest, (on, wish) => on.media.listen(wish)),
    [`POST ${call}:stopContinuousDtmfRecognition`]: inCall(targetRequest, (on, wish) => on.media.stopListening(wish)),
    [`POST ${call}:startMediaStreaming`]: inCall(contextRequest, (on, wish) => on.startMediaStreaming(wish)),
    [`POST ${call}:stopMediaStreaming`]: inCall(NONE, (on) => on.stopMediaStreaming()),
    [`POST ${call}:startTranscription`]: inCall(transcriptionRequest, (on, wish) => on.startTranscription(wish)),

    'POST recordings': ({ body }) => recordings.start(parse(recordingRequest, body)),
    'GET recordings/{id}': ({ id }) => recordings.state(id),
    'POST recordings/{id}:pause': ({ id }) => recordings.setActive(id, false),
    'POST recordings/{id}:resume': ({ id }) => recordings.setActive(id, true),
    'DELETE recordings/{id}': ({ id }) => recordings.stop(id),
  };
}

const about = (call: Call, status = 200): Answer => ({
  ...{ status, body: call.properties() },
  call: call.ids.callConnectionId,
});

/** A page of a list, with the address of the next one. */
function page(all: readonly unknown[], url: URL): Answer {
  const from = Number(url.searchParams.get('skip')) || 0;
  const next = new URL(url);
  next.searchParams.set('skip', String(from + PAGE_SIZE));
  const more = from + PAGE_SIZE < all.length && { nextLink: next.href };
  return { status: 200, body: { value: all.slice(from, from + PAGE_SIZE), ...more } };
}

function parse<Schema extends z.ZodType>(schema: Schema, body: unknown): z.output<Schema> {
  const result = schema.safeParse(body);
  if (result.success) return result.data;
  throw invalidArgument(z.prettifyError(result.error));
}
