import { z } from 'zod';
import { ConfigError, messageOf } from '../shared/errors.ts';
import { TOKEN_HELP, type TokenRequest, tokenRequestOf } from './token-request.ts';

/** `npm run token`: prints a ticket or a token, for tools. */
const WRONG_OPTIONS = 2;
const PATIENCE_MS = 10_000;

const problem = z.object({ error: z.object({ code: z.string(), message: z.string() }) });

async function tokenOf({ url, headers, body, field }: TokenRequest): Promise<string> {
  const signal = AbortSignal.timeout(PATIENCE_MS);
  const response = await fetch(url, { method: 'POST', headers, body: JSON.stringify(body), signal }).catch(() => {
    throw new Error(`Nobody answers at ${url}. Does \`npm start\` run?`);
  });
  const answer: unknown = await response.json().catch(() => undefined);
  const token = z.record(z.string(), z.unknown()).safeParse(answer).data?.[field];
  if (response.ok && typeof token === 'string') return token;
  const said = problem.safeParse(answer).data?.error;
  throw new Error(`${url} answered ${response.status}${said ? `: ${said.code}. ${said.message}` : ''}`);
}

try {
  const request = tokenRequestOf(process.argv.slice(2), process.env);
  process.stdout.write(request === undefined ? TOKEN_HELP : `${await tokenOf(request)}\n`);
} catch (error) {
  process.stderr.write(`${messageOf(error)}\n`);
  if (error instanceof ConfigError) process.stderr.write(`\n${TOKEN_HELP}`);
  process.exitCode = error instanceof ConfigError ? WRONG_OPTIONS : 1;
}
