/** The parts of the check, by the names that its output has. */
export const CHECKS = [
  'compile',
  'format',
  'snapshot',
  'types',
  'roles',
  'local-auth',
  'values',
  'network',
  'references',
  'settings',
  'probes',
  'scale',
  'monitoring',
  'outputs',
  'dependencies',
  'subscription',
  'azure.yaml',
  'queries',
] as const;
export type CheckName = (typeof CHECKS)[number];

/** Something that is wrong with the infrastructure, told in one line. */
export interface Finding {
  readonly check: CheckName;
  /** A file with its line, or a resource and the path in it. */
  readonly where: string;
  readonly what: string;
  /** What would be right. */
  readonly allowed: string;
}

export const lineOf = ({ check, where, what, allowed }: Finding): string =>
  `${where}: ${what}. Allowed: ${allowed}. [${check}]`;
