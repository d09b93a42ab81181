import { environmentReference } from '../../src/cli/environment-variables.ts'
import { commandNames, helpText } from '../../src/cli/help.ts'
import { policyReference } from '../../src/core/policy/policy-reference.ts'

/** The pages that are made from the code, by path. `npm run docs` writes them, a test holds them against the code. */
export const referencePages: Readonly<Record<string, string>> = {
  'src/core/policy/README.md': `# The policy file

YAML 1.2 or JSON, at most 64 KiB. A step is \`{ weight, … }\` or \`{ pause: { duration } }\`; a pause without a duration lasts until \`promote\`. Durations are written
\`500ms 30s 5m 2h 3d\`, percentages \`1%\`, \`0.5%\`; a bare number is an error where a unit belongs. Unknown and duplicate keys are errors. This page is made from the
readers in this folder (\`npm run docs\`).

${policyReference().trim()}
`,
  'src/cli/README.md': `# Command line and environment

This page is made from the code in this folder (\`npm run docs\`).

## Environment

\`<Q>\` is the queue's name as listed, in upper case, with \`-\` and \`.\` as \`_\`.

${environmentReference().trim()}

## Commands

${commandNames.map((name) => `### ${name}\n\n\`\`\`\n${helpText(name).trim()}\n\`\`\``).join('\n\n')}

## Exit codes

| code | meaning |
| --- | --- |
| 0 | done; with \`--watch\`: Succeeded |
| 1 | unexpected |
| 2 | usage, configuration, or a refusal |
| 3 | RolledBack |
| 4 | Paused or WaitingPromotion, with \`--exit-on-pause\` |
| 5 | timed out waiting |
| 6 | broker or store unreachable |
| 130 | interrupted while it waited; \`status --watch\` then ends as \`status\` does, with 0 where all could be read, and a worker drains and exits 0 |
`,
}
