// What azd runs: node infra/hooks/main.ts <hook>. Each hook may be run again by hand: azd hooks run <hook>.
import { postdeploy } from './postdeploy.ts';
import { postdown } from './postdown.ts';
import { predown } from './predown.ts';
import { preprovision } from './preprovision.ts';
import { type Environment, HookError, type Reach, realReach } from './reach.ts';

const HOOKS: Readonly<Record<string, (reach: Reach, env: Environment) => Promise<void>>> = {
  preprovision: (reach, env) => preprovision(reach, env),
  postdeploy,
  predown: (reach, env) => predown(reach, env),
  postdown: (reach, env) => postdown(reach, env),
};

const [, , name = ''] = process.argv;
try {
  const hook = HOOKS[name];
  if (hook === undefined) throw new HookError(`There is no hook "${name}": ${Object.keys(HOOKS).join(', ')}`);
  await hook(realReach, process.env);
} catch (error) {
  console.error(error instanceof HookError ? error.message : error);
  process.exitCode = 1;
}
