import { parsePolicy } from '../../src/core/policy/parse-policy.ts'
import type { Policy } from '../../src/core/policy/policy.ts'
import { scenarioOf } from '../../src/simulate/scenario.ts'
import type { Scenario } from '../../src/simulate/scenario.ts'
import { simulate } from '../../src/simulate/simulation.ts'
import { factsOf, seedOf, summarize } from '../../src/simulate/summary.ts'
import type { Summary } from '../../src/simulate/summary.ts'
import { trafficOf } from '../../src/simulate/traffic.ts'
import type { Traffic } from '../../src/simulate/traffic.ts'

/** A policy as its file says it. */
export function policyOf(file: object): Policy {
  const parsed = parsePolicy(file)
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems))
  return parsed.policy
}

/** Three minutes of a ramp that compares failures, without a budget that anything reaches. */
export const shortPolicy = policyOf({
  steps: [
    { weight: '1%', duration: '1m' },
    { weight: '10%', duration: '1m' },
    { weight: '50%', duration: '1m' },
  ],
  analysis: { metrics: [{ name: 'failures' }] },
  limits: { maxFailedMessages: 1_000_000 },
  progressDeadline: '30m',
})

const nothingSaid = {
  rate: undefined,
  stableFailures: undefined,
  canaryFailures: undefined,
  latency: undefined,
  canaryLatency: undefined,
  onset: undefined,
  traffic: undefined,
}

/** 100 messages a second that fail in one of a hundred cases on either version; with what is given instead. */
export function buildTraffic(parts: Partial<Traffic> = {}): Traffic {
  return { ...trafficOf(nothingSaid), ...parts }
}

/** A canary that fails this often. */
export function failing(failures: number): Partial<Traffic> {
  return { canary: { failures, latencyMs: 20 } }
}

export function runs(scenario: Scenario, count: number, seed = 1): Summary {
  return summarize(Array.from({ length: count }, (_, run) => factsOf(simulate(scenario, seedOf(seed, run)))))
}

export function oddsOf(policy: Policy, traffic: Partial<Traffic>, count: number): Summary {
  return runs(scenarioOf(policy, buildTraffic(traffic)), count)
}
