import { existsSync } from 'node:fs';
import path from 'node:path';
import { ConfigError } from '../shared/errors.ts';

const ROOT = path.join(import.meta.dirname, '..');

/** What a process of the stack runs, and how. */
export interface Form {
  /** The module, from `folder`, in which the process runs. */
  readonly entry: string;
  readonly folder: string;
  /** What is given Node's flags and the module; Node itself without it. */
  readonly command?: readonly string[];
}

export type Forms = Readonly<Record<'emulator' | 'functions' | 'stream-host', Form>>;

/** The sources of this folder. The emulator, which stands for Azure, is always run from them. */
export const SOURCES: Forms = {
  emulator: { entry: 'emulator/main.ts', folder: ROOT },
  functions: { entry: 'emulator/functions-host/main.ts', folder: ROOT },
  'stream-host': { entry: 'stream-host/main.ts', folder: ROOT },
};

/**
 * What `npm run build:deploy` has made: the functions' package in the functions host, the stream host's tree as it is.
 * @param deploy the folder of both
 * @param root a root file system in which the stream host runs as in its container; see {@link inContainer}
 * @throws {ConfigError} where one of them is not there
 */
export function builtForms(deploy: string, root?: string): Forms {
  const tree = path.resolve(deploy, 'stream-host');
  const app = path.resolve(deploy, 'functions');
  const [missing] = [tree, app, ...(root === undefined ? [] : [root])].filter((folder) => !existsSync(folder));
  if (missing)
    throw new ConfigError(`There is no ${missing}. Make it with npm run build:deploy, or name another folder.`);
  return {
    ...SOURCES,
    functions: { entry: path.join(ROOT, SOURCES.functions.entry), folder: app },
    'stream-host': {
      entry: 'dist/stream-host/main.js',
      folder: tree,
      ...(root !== undefined && { command: [...inContainer(path.resolve(root), tree), '/app/bin/node'] }),
    },
  };
}

/** Who the container's process is. */
export const CONTAINER_USER = 10_001;

/**
 * Puts a tree into a root of its own, in a mount namespace of its own, where everything is read-only but an empty /tmp,
 * and becomes the container's user there: no groups, no capabilities, no way to get any. Every step is an `exec`, so that the
 * process keeps its id and gets its signals itself.
 */
const ENTER = `set -e
root=$1 tree=$2; shift 2
mount --bind "$root" "$root"
mount --bind "$tree" "$root/app"
mount -t tmpfs -o size=64m,mode=1777,nosuid,nodev tmpfs "$root/tmp"
mount -t proc -o ro,nosuid,nodev,noexec proc "$root/proc"
mount --bind -o ro /dev/null "$root/dev/null"
mount -o remount,bind,ro,nosuid,nodev "$root/app"
mount -o remount,bind,ro,nosuid "$root"
if [ -n "$NODE_EXTRA_CA_CERTS" ]; then
  install -m 444 "$NODE_EXTRA_CA_CERTS" "$root/tmp/trusted.pem"
  export NODE_EXTRA_CA_CERTS=/tmp/trusted.pem
fi
# The folder for records is this machine's, and is not there.
unset NODE_OPTIONS NODE_COMPILE_CACHE CALL_RECORDS_DIR
HOME=/tmp NODE_ENV=production exec setpriv --no-new-privs -- unshare --root="$root" --wd=/app --setgid=${CONTAINER_USER} --setuid=${CONTAINER_USER} -- "$@"
`;

/**
 * What runs a program as the stream host's container does: the tree at /app of a root that has only the base's packages.
 * Needs root and Linux. The network is this machine's, so that the emulator can be reached.
 * @param root a folder with a system's files (its etc/hosts knows localhost) and the folders app, dev (with a file null), proc and tmp
 */
export const inContainer = (root: string, tree: string): readonly string[] => [
  ...['unshare', '--mount', '--propagation=private', '--', 'sh', '-c', ENTER, 'enter'],
  ...[root, tree],
];
