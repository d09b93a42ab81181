import { policyDigest } from '../../../src/policy-digest.ts'
import { readPolicyText } from '../../../src/policy-file.ts'
import { threadTime } from './thread-time.ts'

/** A policy as a careful user writes it. */
export function samplePolicy() {
  const loaded = readPolicyText(policyText)
  if (!loaded.ok) throw new Error(loaded.problems.join('; '))
  return { policy: loaded.policy, digest: policyDigest(loaded.policy) }
}

/** Microseconds to read it from YAML text and to digest it, as `start` does. */
export function policyMicroseconds(times: number): number {
  const spent = threadTime()
  for (let time = 0; time < times; time++) samplePolicy()
  return spent() / times
}

const policyText = `
strategy: canary
steps:
  - { weight: 1%,  concurrency: 1, delay: 200ms, duration: 2m, minSamples: 200 }
  - { weight: 10%, concurrency: 4, duration: 5m }
  - { pause: { duration: 10m } }
  - { weight: 50%, duration: 10m }
analysis:
  interval: 1s
  metrics:
    - name: failures
    - name: latency
    - name: failure-ceiling
      measure: failureRate
      thresholdRange: { max: 5% }
      interval: 10s
      failureLimit: 2
    - name: slow
      measure: p95
      thresholdRange: { max: 500ms }
      interval: 10s
limits: { maxFailedMessages: 25, maxInFlight: 50, maxReceiveCount: 3 }
onFailure: rollback
onInsufficientData: extend
progressDeadline: 2h
promotion: { workers: 3, duration: 10m }
drain: { timeout: 60s, onTimeout: handBack }
`
