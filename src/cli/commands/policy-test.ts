import { writeFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import type { Policy } from '../../core/policy/policy.ts'
import { readTest } from '../../core/policy/test-reader.ts'
import { QueueCanaryError } from '../../errors.ts'
import { checksOf } from '../../simulate/policy-tests.ts'
import { scenarioOf } from '../../simulate/scenario.ts'
import { trafficOf } from '../../simulate/traffic.ts'
import { exitCodes } from '../exit-codes.ts'
import type { ExitCode } from '../exit-codes.ts'
import { writeLine } from '../io.ts'
import type { Io } from '../io.ts'
import { junitXml } from '../junit.ts'
import type { TestAction } from '../policy-arguments.ts'
import { runSimulations } from '../run-simulations.ts'
import { holds, policyTestView } from '../view/policy-test-view.ts'
import type { TestedCase } from '../view/policy-test-view.ts'
import { describeTraffic } from '../view/simulation-view.ts'

/** `policy test`: runs the `tests` of a policy. Resolves to 0 when all hold, and to 3 when one does not. */
export async function testPolicy(action: TestAction, policy: Policy, io: Io, json: boolean): Promise<ExitCode> {
  const tested: TestedCase[] = []
  for (const test of policy.tests) {
    const traffic = trafficOf(readTest(test).given)
    const summary = await runSimulations(scenarioOf(policy, traffic), action, io)
    if (summary === undefined) return exitCodes.interrupted
    tested.push({ traffic, checks: checksOf(test, summary) })
  }
  if (action.out !== undefined) await writeReport(resolve(io.cwd, action.out), action, tested)
  report(action, tested, io, json)
  return tested.every(holds) ? exitCodes.done : exitCodes.rolledBack
}

function report({ file, runs, seed }: TestAction, tested: readonly TestedCase[], { out }: Io, json: boolean): void {
  const failed = tested.filter((one) => !holds(one)).length
  if (json) {
    const tests = tested.map((one) => ({ ok: holds(one), ...one }))
    out.write(`${JSON.stringify({ ok: failed === 0, file, runs, seed, tests }, null, 2)}\n`)
    return
  }
  const count = `${tested.length} ${tested.length === 1 ? 'test' : 'tests'}`
  writeLine(out, `${file}: ${count}, ${runs} runs each, seed ${seed}`)
  for (const line of policyTestView(tested, out)) writeLine(out, line)
  writeLine(out, failed === 0 ? 'all hold' : `${failed} of ${count} ${failed === 1 ? 'does' : 'do'} not hold`)
}

async function writeReport(path: string, { file, out = '' }: TestAction, tested: readonly TestedCase[]): Promise<void> {
  const cases = tested.map(({ traffic, checks }, index) => ({
    name: `${index + 1}. ${describeTraffic(traffic).join(', ')}`,
    failures: checks
      .filter((check) => !check.holds)
      .map(({ key, expected, found }) => `${key}: expected ${expected}, found ${found}`),
  }))
  try {
    await writeFile(path, junitXml(file, cases))
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'an error'
    const why = `--out ${out}: expected a file that can be written, found ${code}`
    throw new QueueCanaryError('USAGE', why, { cause: error })
  }
}
