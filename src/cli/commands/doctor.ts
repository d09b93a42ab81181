import type { Finding } from '../../contracts/broker.ts'
import type { Command } from '../command.ts'
import type { Composition } from '../compose.ts'
import { exitCodes } from '../exit-codes.ts'
import { writeJson, writeLine } from '../io.ts'
import type { Io, Sink } from '../io.ts'
import { examine } from '../examine.ts'
import type { Examined } from '../examine.ts'
import { sparingStdout } from '../process-io.ts'
import { painter } from '../view/text.ts'
import type { Style } from '../view/text.ts'

/** Checks everything that a worker with this environment will need, and says what to mend. Consumes and changes nothing. */
export async function doctorCommand(
  { json, place }: Extract<Command, { readonly kind: 'doctor' }>,
  io: Io,
  composition: Composition,
): Promise<number> {
  const findings = await sparingStdout(() => examine(io, place, composition))
  const code = codeOf(findings)
  if (json) writeJson(io.out, { ok: code === exitCodes.done, findings })
  else print(io.out, findings)
  return code
}

/** What a person has to mend comes before what may come back by itself. */
function codeOf(findings: readonly Examined[]): number {
  const errors = findings.filter(({ level }) => level === 'error')
  if (errors.length === 0) return exitCodes.done
  return errors.every(({ unreachable }) => unreachable) ? exitCodes.unreachable : exitCodes.refused
}

function print(out: Sink, findings: readonly Examined[]): void {
  const paint = painter(out.color)
  for (const { level, subject, found, mend } of findings) {
    writeLine(out, `${paint(styles[level], level.padEnd(7))}  ${subject}: ${found}`)
    if (mend !== undefined) writeLine(out, `         mend: ${mend}`)
  }
  const count = (level: Finding['level']) => findings.filter((finding) => finding.level === level).length
  writeLine(out, `\n${count('ok')} ok, ${count('warning')} warnings, ${count('error')} errors`)
}

const styles: Readonly<Record<Finding['level'], Style>> = { ok: 'green', warning: 'yellow', error: 'red' }
