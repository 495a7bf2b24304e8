import assert from 'node:assert/strict';
import { test } from 'node:test';
import { APIError } from 'openai';
import { DeploymentTraits, type WantedRequest } from './deployment-traits.ts';

const WANTED: WantedRequest = {
  model: 'm',
  messages: [],
  max_completion_tokens: 10,
  temperature: 0.4,
  tool_choice: 'auto',
};
const refusal = (status: number, error: object) => APIError.generate(status, { error }, undefined, new Headers());

test('a parameter is learned from the way in which each server refuses it (model-refuses-a-parameter)', () => {
  const refusals: readonly [number, object, string][] = [
    [
      400,
      { message: "'temperature' does not support 0.4", param: 'temperature', code: 'unsupported_value' },
      'temperature',
    ],
    [400, { message: 'Unrecognized request argument supplied: stream_options' }, 'stream_options'],
    [
      422,
      { message: [{ loc: ['body', 'max_completion_tokens'], msg: 'Extra inputs are not permitted' }] },
      'max_completion_tokens',
    ],
    [
      400,
      { message: "Unsupported parameter: 'max_completion_tokens'. Use 'max_tokens' instead." },
      'max_completion_tokens',
    ],
  ];
  for (const [status, error, parameter] of refusals) {
    const traits = new DeploymentTraits();
    assert.equal(traits.learn(refusal(status, error), traits.shape(WANTED)), parameter);
    assert.ok(!(parameter in traits.shape(WANTED)));
  }
});

test('a model that does not know the newer name of the limit gets the older one, and then none', () => {
  const traits = new DeploymentTraits();
  const refuse = (param: string) =>
    traits.learn(refusal(400, { message: 'Unsupported.', param }), traits.shape(WANTED));
  refuse('max_completion_tokens');
  assert.equal(traits.shape(WANTED).max_tokens, 10);
  refuse('max_tokens');
  assert.ok(!('max_tokens' in traits.shape(WANTED)));
});

test('other refusals teach nothing, though they name a parameter', () => {
  const traits = new DeploymentTraits();
  const others = [
    refusal(400, { message: 'Too long: lower max_completion_tokens, not supported', code: 'context_length_exceeded' }),
    refusal(400, { message: 'Filtered, temperature not allowed', code: 'content_filter' }),
    refusal(429, { message: 'temperature is not allowed' }),
    refusal(400, { message: 'Bad messages: temperature is not supported', param: 'messages' }),
    new Error('temperature is not supported'),
  ];
  for (const other of others) assert.equal(traits.learn(other, traits.shape(WANTED)), undefined);
});

test('what an agent omits is not sent', () => {
  assert.deepEqual(new DeploymentTraits().shape(WANTED, ['temperature', 'stream_options', 'max_completion_tokens']), {
    model: 'm',
    messages: [],
    max_tokens: 10,
    tool_choice: 'auto',
  });
});
