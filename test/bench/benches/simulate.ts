import { parsePolicy } from '../../../src/core/policy/parse-policy.ts'
import type { Policy } from '../../../src/core/policy/policy.ts'
import { scenarioOf } from '../../../src/simulate/scenario.ts'
import { simulate as simulateRun } from '../../../src/simulate/simulation.ts'
import { seedOf } from '../../../src/simulate/summary.ts'
import { trafficOf } from '../../../src/simulate/traffic.ts'
import type { LocalBench } from '../lab/bench.ts'
import { threadTime } from '../micro/thread-time.ts'
import { fixed, median, whole } from '../report/figures.ts'
import { table } from '../report/table.ts'

const ratePerSecond = 100
const cells = [
  { what: 'good canary, nothing compared', metrics: [], canary: 0.01 },
  { what: 'good canary, compared by default (latency for show)', metrics: undefined, canary: 0.01 },
  { what: 'good canary, failures compared', metrics: [{ name: 'failures' }], canary: 0.01 },
  {
    what: 'good canary, failures and latency compared',
    metrics: [{ name: 'failures' }, { name: 'latency' }],
    canary: 0.01,
  },
  {
    what: 'canary that fails 5 %, failures and latency compared',
    metrics: [{ name: 'failures' }, { name: 'latency' }],
    canary: 0.05,
  },
] as const

/** What a simulated look costs, and so a thousand simulated rollouts. */
export const simulate: LocalBench = {
  name: 'simulate',
  needs: 'nothing',
  about: 'simulated rollouts of an hour at 100 msg/s, one core',
  run({ options: { rounds, quick }, say }) {
    const runs = quick ? 20 : 200
    const rows = cells.map(({ what, metrics, canary }) => {
      say(`simulate: ${what}`)
      const policy = policyOf(metrics)
      // The first round is for the compiler.
      const measured = Array.from({ length: Math.max(2, rounds) + 1 }, () => costOf(policy, canary, runs)).slice(1)
      const of = (read: (cost: Cost) => number) => median(measured.map(read))
      return [
        what,
        whole(of(({ looks }) => looks)),
        fixed(
          of(({ microsPerLook }) => microsPerLook),
          2,
        ),
        whole(of(({ runsPerSecond }) => runsPerSecond)),
        fixed(
          of(({ runsPerSecond }) => 1_000 / runsPerSecond),
          1,
        ),
      ]
    })
    const head = ['rollout', 'looks', 'us a look', 'runs/s', 's for 1,000']
    return Promise.resolve(`## Simulated rollouts\n\n${table(head, rows)}`)
  },
}

interface Cost {
  /** Of a run, on average. */
  readonly looks: number
  readonly microsPerLook: number
  readonly runsPerSecond: number
}

function costOf(policy: Policy, canary: number, runs: number): Cost {
  const given = { rate: ratePerSecond, stableFailures: 0.01, canaryFailures: canary }
  const unsaid = { latency: undefined, canaryLatency: undefined, onset: undefined, traffic: undefined }
  const scenario = scenarioOf(policy, trafficOf({ ...unsaid, ...given }))
  const spent = threadTime()
  let looks = 0
  for (let run = 0; run < runs; run++) looks += simulateRun(scenario, seedOf(1, run)).looks
  const micros = spent()
  return { looks: looks / runs, microsPerLook: micros / looks, runsPerSecond: (1e6 * runs) / micros }
}

/** Four steps of a quarter of an hour, and a budget that a good canary does not use up. */
function policyOf(metrics: readonly object[] | undefined): Policy {
  const steps = ['1%', '5%', '25%', '50%'].map((weight) => ({ weight, duration: '15m' }))
  const parsed = parsePolicy({
    steps,
    ...(metrics && { analysis: { metrics } }),
    limits: { maxFailedMessages: 10_000 },
  })
  if (!parsed.ok) throw new Error('the policy of the benchmark cannot be read')
  return parsed.policy
}
