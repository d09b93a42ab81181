import type { DurationWindow } from '../../../../src/core/evidence/duration-window.ts'
import { bucketOf, bucketsWithin } from '../../../../src/core/evidence/histogram.ts'
import { latencyEvidence, observeLatency, openLatencyTest } from '../../../../src/core/evidence/latency-test.ts'
import { atMost, below, quantileOf } from '../check.ts'
import type { Check, Effort } from '../check.ts'
import { countRuns } from '../rollouts.ts'
import { Random } from '../traffic/random.ts'

const share = 0.05
const perLook = 100
const evidenceNeeded = 100
const draws = 65_536
const tolerated = bucketsWithin(1.25)

/** Buckets by which both versions are slower at a look. */
type Slowdown = (look: number) => number

const none: Slowdown = () => 0
const shared: Slowdown = (look) => (look % 900 < 300 ? 15 : 0)
const wave: Slowdown = (look) => Math.round(10 * Math.sin((2 * Math.PI * look) / 600))

interface Setting {
  /** The canary's durations are this many times the stable version's. */
  readonly slower: number
  readonly shift: number
  readonly both: Slowdown
  readonly looks: number
}

/** Lognormal durations around 100 ms (sigma 0.7), 100 messages a look, 5 % of them on the canary. */
export const latency: Check = {
  id: 'A12',
  run(effort) {
    const looks = Math.round(3_600 * effort.length)
    const falsely = (parts: Partial<Setting>) => ({ slower: 1, shift: 0, both: none, looks, ...parts })
    const found = (slower: number, shift: number) => ({ slower, shift, both: none, looks: 20_000 })
    return [
      atMost('A12', 'false rollbacks, equal durations', 0.01, rollbacks(effort, falsely({}))),
      atMost('A12', 'false rollbacks, slow-downs of both', 0.01, rollbacks(effort, falsely({ both: shared }))),
      atMost('A12', 'false rollbacks, sine', 0.01, rollbacks(effort, falsely({ both: wave }))),
      atMost(
        'A12',
        'false rollbacks, x1.25 within the tolerance',
        0.01,
        rollbacks(effort, falsely({ slower: 1.25, shift: tolerated })),
      ),
      below('A12', 'x2, no tolerance: canary messages, median', 27, medianOf(effort, found(2, 0))),
      below('A12', 'x2, tolerance 1.276: canary messages, median', 60, medianOf(effort, found(2, tolerated))),
    ]
  },
}

function rollbacks({ runs, seed }: Effort, setting: Setting) {
  const pool = buckets(1)
  const canary = buckets(setting.slower)
  return countRuns(
    runs,
    (run) => messagesUntilSlow(new Random(seed + run), { canary, stable: pool }, setting) < Infinity,
  )
}

function medianOf({ runs, seed }: Effort, setting: Setting) {
  const pools = { canary: buckets(setting.slower), stable: buckets(1) }
  return quantileOf(
    Array.from({ length: runs }, (_, run) => messagesUntilSlow(new Random(seed + run), pools, setting)),
    0.5,
  )
}

interface Pools {
  readonly canary: readonly number[]
  readonly stable: readonly number[]
}

function messagesUntilSlow(random: Random, { canary, stable }: Pools, { shift, both, looks }: Setting): number {
  let test = openLatencyTest(drawDurations(random, stable, 300 * perLook, both(0)))
  let messages = 0
  for (let number = 0; number < looks; number++) {
    const onCanary = random.binomial(perLook, share)
    const durations = {
      canary: drawDurations(random, canary, onCanary, both(number)),
      stable: drawDurations(random, stable, perLook - onCanary, both(number)),
    }
    messages += onCanary
    test = observeLatency(test, durations, shift, 1_000)
    if (latencyEvidence(test) >= evidenceNeeded) return messages
  }
  return Infinity
}

/** Buckets of many draws of the distribution, to draw from again. */
function buckets(slower: number): readonly number[] {
  const random = new Random(65_537)
  return Array.from({ length: draws }, () => bucketOf(slower * 100 * Math.exp(0.7 * random.normal())))
}

function drawDurations(random: Random, pool: readonly number[], messages: number, shift: number): DurationWindow {
  const drawn: number[] = []
  for (let message = 0; message < messages; message++) drawn.push((pool[random.word() >>> 16] ?? 0) + shift)
  let first = Infinity
  let last = -Infinity
  for (const bucket of drawn) {
    if (bucket < first) first = bucket
    if (bucket > last) last = bucket
  }
  if (drawn.length === 0) return { first: 0, counts: [] }
  const counts: number[] = []
  for (let bucket = first; bucket <= last; bucket++) counts.push(0)
  for (const bucket of drawn) counts[bucket - first] = (counts[bucket - first] ?? 0) + 1
  return { first, counts }
}
