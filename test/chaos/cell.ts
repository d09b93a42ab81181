/**
 * The kill matrix: what is struck, when, and by what. The cells are generated, never listed by hand.
 */
export interface Cell {
  readonly target: Target
  readonly moment: Moment
  readonly blow: Blow
  /** Turned with the cells, so that each kind meets each column. */
  readonly store: StoreKind
  readonly queue: 'classic' | 'quorum'
}

export const targets = ['canary', 'stable', 'leader', 'leading-canary', 'store', 'broker'] as const
export const moments = [
  'registered',
  'first-message',
  'ramping',
  'analysing',
  'promoting',
  'draining',
  'retired',
  'rolling-back',
  'draining-canary',
] as const
export const blows = [
  'kill',
  'pause',
  'freeze',
  'terminate',
  'terminate-twice',
  'reset',
  'silence',
  'stop',
  'wipe',
] as const
export const storeKinds = ['redis', 'nats', 'postgres'] as const

/**
 * `leader`: the stable worker that coordinates. `leading-canary`: the canary's worker that does, because no stable one lives; they are there again
 * after the blow. `stable`: one that does not coordinate; after the retirement one that is started again.
 */
export type Target = (typeof targets)[number]

/**
 * When it happens. `registered`: the candidate is known and took nothing yet. `ramping`: a second step has just begun. `analysing`: in the middle
 * of one. `draining`, `draining-canary`: consumers finish what they hold, of a promotion and of an abort. `rolling-back`: the canary fails messages. `retired`: the rollout has succeeded and the old workers are gone.
 */
export type Moment = (typeof moments)[number]

/**
 * `kill`: SIGKILL, and started again. `pause`, `freeze`: SIGSTOP for less and for more than a lease, then SIGCONT. `terminate`: SIGTERM, once or
 * twice, and started again. `reset`: each connection is reset. `silence`: connections stay, and no byte passes for more than a lease. `stop`:
 * gone for half a minute. `wipe`: emptied.
 */
export type Blow = (typeof blows)[number]
export type StoreKind = (typeof storeKinds)[number]

export const serverTargets: readonly Target[] = ['store', 'broker']
const forStoresAlone: readonly Blow[] = ['stop', 'wipe']
/** The version that was the canary leads by itself once it has retired the other one. */
const leaders: readonly Target[] = ['leader', 'leading-canary']

/** Every cell that means something of its own. */
export function matrix(): readonly Cell[] {
  const all = targets.flatMap((target) => moments.flatMap((moment) => blows.map((blow) => ({ target, moment, blow }))))
  return all.filter(isItsOwn).map((cell, index) => ({
    ...cell,
    store: storeKinds[index % storeKinds.length] ?? 'redis',
    queue: index % 2 === 0 ? 'quorum' : 'classic',
  }))
}

function isItsOwn({ target, moment, blow }: Pick<Cell, 'target' | 'moment' | 'blow'>): boolean {
  // A server that is told twice is restarted, as when it is told once.
  if (blow === 'terminate-twice' && serverTargets.includes(target)) return false
  if (forStoresAlone.includes(blow) && target !== 'store') return false
  return !(moment === 'retired' && leaders.includes(target))
}

export function nameOf({ target, moment, blow, store, queue }: Cell): string {
  return `${target} ${moment} ${blow} (${store}, ${queue})`
}

/** How the rollout may end. Promoted without evidence is never among it: a canary that fails, or that somebody has aborted, is taken back. */
export function endsOf({ target, moment, blow }: Cell): readonly End[] {
  // A worker in charge that has not read of the rollback yet takes it for a trial that is lost, and may be the first to write.
  if (moment === 'rolling-back' && blow === 'wipe') return ['RolledBack', 'Forgotten']
  if (moment === 'rolling-back' || moment === 'draining-canary') return ['RolledBack']
  if (moment === 'draining') return ['Succeeded']
  // A worker that has read of the drain and not of its end writes the drain again: it ends once more.
  if (blow === 'wipe') return moment === 'retired' ? ['Forgotten', 'Succeeded'] : ['Forgotten']
  if (moment === 'retired') return ['Succeeded']
  return harmsCanary(target, blow) ? ['Succeeded', 'RolledBack'] : ['Succeeded']
}

/** `Forgotten`: the store has lost a rollout that was over, or still a trial. Whoever was in charge stays in charge. */
export type End = 'Succeeded' | 'RolledBack' | 'Forgotten'

/** What a canary holds when it dies or falls silent counts as failed, whatever the reason. */
function harmsCanary(target: Target, blow: Blow): boolean {
  return ['canary', 'leading-canary'].includes(target) && !['pause', 'terminate', 'reset'].includes(blow)
}
