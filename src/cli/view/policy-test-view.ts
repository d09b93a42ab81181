import type { Check } from '../../simulate/policy-tests.ts'
import type { Traffic } from '../../simulate/traffic.ts'
import { describeTraffic } from './simulation-view.ts'
import { table } from './table.ts'
import { clip, painter } from './text.ts'

/** A test of a policy, and what came of it. */
export interface TestedCase {
  readonly traffic: Traffic
  readonly checks: readonly Check[]
}

export function holds({ checks }: TestedCase): boolean {
  return checks.every((check) => check.holds)
}

/** Each test with its expectations on lines of their own. */
export function policyTestView(
  cases: readonly TestedCase[],
  page: { readonly columns: number; readonly color: boolean },
): readonly string[] {
  const paint = painter(page.color)
  const mark = (held: boolean) => (held ? paint('green', 'ok  ') : paint('red', 'FAIL'))
  const lines = cases.flatMap((one, index) => {
    const rows = table(
      one.checks.map(({ key, expected, found }) => [key, expected, `found ${found}`]),
      { indent: '', left: 3 },
    )
    const checks = one.checks.map((check, place) => `  ${mark(check.holds)}  ${rows[place] ?? ''}`)
    const [queue, failures] = describeTraffic(one.traffic)
    return [
      `${mark(holds(one))}  ${index + 1}. ${queue}`,
      `         ${failures}`,
      ...(checks.length > 0 ? checks : nothing),
    ]
  })
  return lines.map((line) => clip(line, page.columns))
}

const nothing = ['        it expects nothing']
