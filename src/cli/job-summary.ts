import { appendFile } from 'node:fs/promises'
import { isTerminal } from '../core/rollout/rollout.ts'
import type { QueueStatus, VersionStatus } from '../status/queue-status.ts'
import { writeLine } from './io.ts'
import type { Io } from './io.ts'
import { reasonOf } from './view/status-line.ts'
import { clean, elapsed, percent } from './view/text.ts'

/** In GitHub Actions, tells the job's page how the rollout went. A page that cannot be written is a note, no failure. */
export async function writeJobSummary(status: QueueStatus, { env, err }: Io): Promise<void> {
  const path = env['GITHUB_STEP_SUMMARY']
  if (path === undefined || path === '') return
  try {
    await appendFile(path, jobSummary(status))
  } catch {
    writeLine(err, 'the job summary could not be written')
  }
}

/** The rollout as Markdown. */
export function jobSummary(status: QueueStatus): string {
  const { queue, phase, stable, canary, steps, history, harmed } = status
  const goesOn = phase !== null && !isTerminal(phase)
  const shares = steps.flatMap(({ weight, measured }) =>
    weight === null || measured === null ? [] : [`${percent(weight)}: ${percent(measured)}`],
  )
  const lines = [
    `### ${plain(queue)}: ${phase ?? 'no rollout'}`,
    '',
    plain(reasonOf(status)),
    '',
    ...(goesOn ? ['The rollout has not ended: this is how it stood when the watching did.', ''] : []),
    '| | version | state | taken | succeeded | failed | timed out | handed back | rescued | dead-lettered |',
    '|---|---|---|---|---|---|---|---|---|---|',
    versionRow('stable', stable),
    ...(canary === null ? [] : [versionRow('canary', canary)]),
    '',
    `Messages harmed: ${harmed}. ${shares.length === 0 ? '' : `Share per step, meant and measured: ${shares.join(', ')}.`}`,
    '',
    ...history.map((entry) => `- ${elapsed(entry.elapsedMs)} **${entry.phase}** ${plain(entry.why)}`),
    '',
  ]
  return `${lines.join('\n')}\n`
}

function versionRow(role: string, { version, state, outcomes }: VersionStatus): string {
  const { taken, succeeded, failed, timedOut, handedBack, rescued, deadLettered } = outcomes
  const cells = [role, plain(version), state, taken, succeeded, failed, timedOut, handedBack, rescued, deadLettered]
  return `| ${cells.join(' | ')} |`
}

/** Text that Markdown and HTML leave alone. */
function plain(text: string): string {
  return clean(text).replaceAll(/[\\`*_{}[\]<>|#&]/g, (character) => `&#${character.charCodeAt(0)};`)
}
