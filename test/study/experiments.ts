import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { below, quantileOf } from '../bench/judge/check.ts'
import { handles } from '../integration/support/await-rollout.ts'
import { counted, ended, nothingLost } from './experiment.ts'
import type { Experiment } from './experiment.ts'
import { agreement } from './prediction.ts'
import type { Predicted } from './prediction.ts'
import { observe } from './release.ts'
import type { Observed } from './release.ts'

const latencyMs = 5
const failuresOnly = { metrics: [{ name: 'failures' }] }

const alike = {
  rate: 200,
  stableFailures: 0.02,
  canaryFailures: 0.02,
  latencyMs,
  policy: {
    steps: [
      { weight: '10%', duration: '5s' },
      { weight: '50%', duration: '10s' },
    ],
    analysis: failuresOnly,
    limits: { maxFailedMessages: 50 },
    progressDeadline: '10m',
    promotion: { workers: 1, duration: '1s' },
  },
}

const aa: Experiment = {
  name: 'alike',
  about: 'both versions fail 2 % of 200 messages a second',
  runs: { full: 200, slice: 2 },
  observe: released(alike),
  rows: (observed, seed) => [
    counted('alike', 'rolled back', observed, { happened: ended('RolledBack'), atMost: 0.02 }),
    counted('alike', 'promoted', observed, { happened: ended('Succeeded'), atLeast: 0.98 }),
    nothingLost('alike', observed),
    ...agreement('alike', alike, observed, seed),
  ],
}

const worse = {
  rate: 200,
  stableFailures: 0.01,
  canaryFailures: 0.1,
  latencyMs,
  policy: {
    steps: [
      { weight: '10%', duration: '2m' },
      { weight: '50%', duration: '2m' },
    ],
    analysis: failuresOnly,
    limits: { maxFailedMessages: 100 },
    progressDeadline: '10m',
  },
}

const tenfold: Experiment = {
  name: 'tenfold',
  about: 'the stable version fails 1 % of 200 messages a second, the canary 10 %',
  runs: { full: 50, slice: 2 },
  observe: released(worse),
  rows: (observed, seed) => [
    counted('tenfold', 'rolled back', observed, { happened: ended('RolledBack'), atLeast: 1 }),
    below(
      'tenfold',
      'median harmed',
      12,
      quantileOf(
        observed.map(({ last }) => last.harmed),
        0.5,
      ),
    ),
    nothingLost('tenfold', observed),
    ...agreement('tenfold', worse, observed, seed),
  ],
}

const outageMs = 30_000

/** Nothing but the hold keeps it from going on in the outage. */
const unproven = { ...alike.policy, analysis: { metrics: [{ name: 'failures', promoteWithoutProof: true }] } }

const outage: Experiment = {
  name: 'outage',
  about: 'for 30 s of the ramp every message fails on both versions',
  runs: { full: 5, slice: 1 },
  observe: (stage, run) => {
    const file = join(stage.dir, 'outage')
    const told = handler({ failRate: 0.005, salt: run, outage: file })
    const meanwhile = async (): Promise<void> => {
      await handles(stage, 'v2', 100)
      writeFileSync(file, '')
      await pause(outageMs)
      rmSync(file)
    }
    return observe(stage, { policy: unproven, rate: 200, stable: told, canary: told, meanwhile })
  },
  rows: (observed) => [
    counted('outage', 'rolled back', observed, { happened: ended('RolledBack'), atMost: 0 }),
    counted('outage', 'promoted once it was over', observed, { happened: promotedLater, atLeast: 1 }),
    nothingLost('outage', observed),
  ],
}

function promotedLater({ last }: Observed): boolean {
  const promoting = last.history.find(({ phase }) => phase === 'Promoting')
  return last.phase === 'Succeeded' && promoting !== undefined && promoting.elapsedMs > outageMs
}

const slow: Experiment = {
  name: 'slow',
  about: 'both versions fail 2 %, at once; what succeeds takes the canary 5 s longer',
  runs: { full: 5, slice: 1 },
  observe: (stage, run) =>
    observe(stage, {
      policy: {
        ...alike.policy,
        steps: [{ weight: '10%', duration: '2m' }],
        analysis: { metrics: [{ name: 'failures' }, { name: 'latency' }] },
        limits: { maxFailedMessages: 100, maxInFlight: 200 },
      },
      rate: 100,
      stable: handler({ failRate: 0.02, salt: run }),
      canary: { ...handler({ failRate: 0.02, salt: run, slowMs: 5_000 }), concurrency: 200 },
    }),
  rows: (observed) => [
    counted('slow', 'ever called failing', observed, { happened: everCalled('failures'), atMost: 0 }),
    counted('slow', 'called slow', observed, { happened: everCalled('latency'), atLeast: 1 }),
    nothingLost('slow', observed),
  ],
}

function everCalled(metric: string): (observed: Observed) => boolean {
  return ({ statuses, last }) =>
    [...statuses, last].some(({ analysis }) =>
      analysis.some((entry) => entry.metric === metric && entry.verdict === 'failed'),
    )
}

const dying: Experiment = {
  name: 'dying',
  about: 'each message ends the process of the canary, which is started again each time',
  runs: { full: 5, slice: 1 },
  observe: (stage) =>
    observe(stage, {
      ...worse,
      stable: handler({}),
      canary: { handler: { act: 'exit' } },
      revived: true,
    }),
  rows: (observed) => [
    counted('dying', 'rolled back', observed, { happened: ended('RolledBack'), atLeast: 1 }),
    nothingLost('dying', observed),
  ],
}

/** The longest first. */
export const experiments: readonly Experiment[] = [outage, aa, tenfold, slow, dying]

/** Failures of both versions at the rates that the simulator is given. */
function released(given: Predicted): Experiment['observe'] {
  return (stage, run) =>
    observe(stage, {
      ...given,
      stable: handler({ failRate: given.stableFailures, salt: run }),
      canary: handler({ failRate: given.canaryFailures, salt: run }),
    })
}

function handler(told: { failRate?: number; salt?: string; slowMs?: number; outage?: string }) {
  return { handler: { delayMs: latencyMs, ...told } }
}
