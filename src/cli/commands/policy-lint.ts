import type { Assumed, Warning } from '../../core/policy/assumed.ts'
import type { Policy } from '../../core/policy/policy.ts'
import { readTest } from '../../core/policy/test-reader.ts'
import { unsupported } from '../../core/policy/unsupported.ts'
import { warningsOf } from '../../core/policy/warnings.ts'
import { policyDigest } from '../../policy-digest.ts'
import { writeLine } from '../io.ts'
import type { Io } from '../io.ts'

/** What a file that is right still says: what only `start` refuses is a note, what cannot work a warning. */
export function reportLint(file: string, policy: Policy, { io, json, assumed }: LintOptions): void {
  const steps = policy.steps.length
  const digest = policyDigest(policy)
  const notes = unsupported(policy)
  const warnings = policyWarnings(policy, assumed).map(({ path, text }) => `${path}: ${text}`)
  if (json) {
    io.out.write(`${JSON.stringify({ ok: true, steps, digest, notes, warnings }, null, 2)}\n`)
    return
  }
  writeLine(io.out, `${file}: ok, ${steps} ${steps === 1 ? 'step' : 'steps'}, digest ${digest}`)
  for (const note of notes) writeLine(io.err, `note: start would refuse it: ${note}`)
  for (const warning of warnings) writeLine(io.err, `warning: ${warning}`)
}

interface LintOptions {
  readonly io: Io
  readonly json: boolean
  readonly assumed: Assumed
}

/** Each once, for what is said on the command line, or else for every traffic that a test of the policy gives. */
function policyWarnings(policy: Policy, said: Assumed): readonly Warning[] {
  const given = policy.tests.map((test): Assumed => {
    const { rate, canaryLatency, latency, stableFailures } = readTest(test).given
    return {
      ratePerSecond: said.ratePerSecond ?? rate,
      latencyMs: said.latencyMs ?? canaryLatency ?? latency,
      stableFailures: said.stableFailures ?? stableFailures,
    }
  })
  const all = (given.length === 0 ? [said] : given).flatMap((assumed) => warningsOf(policy, assumed))
  return all.filter(
    ({ path, text }, index) => all.findIndex((other) => other.path === path && other.text === text) === index,
  )
}
