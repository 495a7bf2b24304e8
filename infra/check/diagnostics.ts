import type { AllowedFinding } from './allowed-findings.ts';
import type { Compiled } from './bicep.ts';
import type { Finding } from './finding.ts';

/**
 * Everything that compiler, linter and formatter say. Types that do not fit are mere warnings to the compiler, so all of it
 * counts but what is allowed by name.
 */
export function diagnosticFindings(
  { diagnostics, unformatted }: Compiled,
  allowed: readonly AllowedFinding[],
): Finding[] {
  const isAllowed = ({ rule, file }: { rule: string; file: string }) =>
    allowed.some((entry) => entry.rule === rule && entry.where === file);
  return [
    ...diagnostics
      .filter((found) => !isAllowed(found))
      .map(
        ({ rule, file, line, text }): Finding => ({
          check: 'compile',
          where: `infra/${file}:${line}`,
          what: `${rule}: ${text.replace(/\.$/, '')}`,
          allowed: 'no finding of compiler or linter but those in infra/check/allowed-findings.ts',
        }),
      ),
    ...allowed
      .filter(
        ({ rule, where }) =>
          rule !== 'types' && !diagnostics.some((found) => found.rule === rule && found.file === where),
      )
      .map(
        ({ rule, where }): Finding => ({
          check: 'compile',
          where: 'infra/check/allowed-findings.ts',
          what: `${rule} is allowed in ${where} and does not occur there`,
          allowed: 'only what occurs',
        }),
      ),
    ...unformatted.map(
      ({ file, line }): Finding => ({
        check: 'format',
        where: `infra/${file}:${line}`,
        what: 'this is not how `bicep format` writes it',
        allowed: 'what `bicep format` makes of it',
      }),
    ),
  ];
}
