import type { StateWatch } from '../integration/support/state-watch.ts'
import type { Rollout } from '../../src/core/rollout/rollout.ts'
import { eventually } from '../support/eventually.ts'
import { of } from '../support/ledger-check.ts'
import type { Stage } from '../integration/support/stage.ts'
import { stepMs } from './setting.ts'
import type { Moment } from './cell.ts'

/** Beyond the start of the whole fleet. */
const deadlineMs = 60_000

/** Resolves when it is there; rejects where the rollout has gone past it, or never comes to it. */
export async function comes(moment: Moment, stage: Stage, watch: StateWatch): Promise<void> {
  try {
    await eventually(() => isThere(moment, stage, watch), { what: `the moment "${moment}" comes`, deadlineMs })
  } catch (cause) {
    throw new MissedMoment(`the moment "${moment}" was not seen`, { cause })
  }
}

/** Some moments are short: a rollout may be past them before anybody could strike. Such a cell has shown nothing. */
export class MissedMoment extends Error {}

function isThere(moment: Moment, stage: Stage, { last, versions }: StateWatch): boolean {
  const rollout = last?.rollout
  return rollout !== undefined && signs[moment](rollout, { stage, versions })
}

type Sign = (rollout: Rollout, around: { readonly stage: Stage; readonly versions: ReadonlySet<string> }) => boolean

const signs: Readonly<Record<Moment, Sign>> = {
  registered: ({ canary }, { versions }) => versions.has(canary),
  'first-message': ({ canary }, { stage }) => of(stage.ledger(), 'start').some(({ version }) => version === canary),
  analysing: ({ phase, step, stepElapsedMs }) => phase === 'Progressing' && step === 0 && stepElapsedMs > stepMs / 2,
  ramping: ({ phase, step }) => phase === 'Progressing' && step === 1,
  promoting: ({ phase }) => phase === 'Promoting',
  draining: ({ phase }) => phase === 'Draining',
  retired: ({ phase }) => phase === 'Succeeded',
  'rolling-back': ({ phase }) => phase === 'RollingBack',
  'draining-canary': ({ phase, phaseElapsedMs }) => phase === 'RollingBack' && phaseElapsedMs >= drainingMs,
}

/** A canary that is told to drain has been told by then, and its slow messages have not ended. */
const drainingMs = 300
