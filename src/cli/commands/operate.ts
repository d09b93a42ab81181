import { randomUUID } from 'node:crypto'
import type { Clock } from '../../contracts/clock.ts'
import { bindingFreeze } from '../../core/rollout/binding-freeze.ts'
import { leadOf } from '../../core/rollout/group.ts'
import { runningRollout } from '../../core/rollout/queue-state.ts'
import type { Command, QueueState } from '../../core/rollout/queue-state.ts'
import type { Rollout } from '../../core/rollout/rollout.ts'
import { lastResort } from '../../core/rollout/advance-without-policy.ts'
import { transition } from '../../core/rollout/transition.ts'
import { isQueueCanaryError, QueueCanaryError } from '../../errors.ts'
import type { QueueRecords } from '../../records/queue-records.ts'
import type { QueueEntry, QueueStatus } from '../../status/queue-status.ts'
import { changeState } from '../change-state.ts'
import type { OperateCommand } from '../command.ts'
import { exitCodes } from '../exit-codes.ts'
import { follow } from '../follow.ts'
import { writeJson, writeLine } from '../io.ts'
import type { Io } from '../io.ts'
import { createQueueView, entryOf, readQueue } from '../queue-view.ts'
import type { QueueView } from '../queue-view.ts'
import type { Session } from '../session.ts'
import { entryLine } from '../view/status-line.ts'

/** Coordinators look every second, and many times a second while a rollout runs. */
const answerMs = 10_000

/**
 * Tells the rollout what an operator wants, and waits until its coordinators have carried it out. Nothing is written that would be refused. A
 * rollout of several queues is told as a whole: all of them, or for an abort the first, which decides for all.
 */
export async function operateCommand(command: OperateCommand, io: Io, session: Session): Promise<number> {
  const { store, namespace, clock } = session
  const open = (queue: string) => createQueueView(store, { namespace, queue }, clock)
  const { views, others } = await viewsFor(command, open)
  const wish = { ...command, id: randomUUID(), at: new Date(clock.wall()).toISOString() }
  if (views.length > 1)
    for (const { records, place } of views) await withCommand(await readQueue(records, place), records, wish)
  const told: Told[] = []
  for (const view of views) told.push({ view, isDone: await tell(view, wish, clock) })
  const entries: QueueEntry[] = []
  for (const { view, isDone } of told) {
    const status = isDone ? await view.read() : await carriedOut(view, wish.id, { io, session })
    if (status === undefined) {
      writeLine(io.err, `stopped waiting for ${command.wish}: ${standing(view)}`)
      return exitCodes.interrupted
    }
    entries.push(status)
  }
  for (const { place, read } of others) entries.push(await entryOf(place, read(), isQueueCanaryError))
  if (command.json) writeJson(io.out, entries.length === 1 ? entries[0] : entries)
  else print(io, entries, told)
  return exitCodes.done
}

function print({ out }: Io, entries: readonly QueueEntry[], told: readonly Told[]): void {
  for (const [index, entry] of entries.entries())
    writeLine(out, told[index]?.isDone === true ? `nothing to do: ${entryLine(entry)}` : entryLine(entry))
}

interface Told {
  readonly view: QueueView
  /** The wish changes nothing there. */
  readonly isDone: boolean
}

interface Views {
  readonly views: readonly QueueView[]
  /** Queues of the group that follow the first by themselves: they are only shown. */
  readonly others: readonly QueueView[]
}

async function viewsFor({ queue, wish }: OperateCommand, open: (queue: string) => QueueView): Promise<Views> {
  const view = open(queue)
  const group = runningRollout(await readQueue(view.records, view.place))?.group
  if (group === undefined) return { views: [view], others: [] }
  if (wish !== 'abort') return { views: group.queues.map(open), others: [] }
  const lead = open(leadOf(group))
  // Where the first queue was never started, the others go back one by one: nobody can have committed.
  if (!(await takesPart(lead, group.id))) return { views: [view], others: [] }
  return { views: [lead], others: group.queues.slice(1).map(open) }
}

/** A document that cannot be understood must not be in the way of an abort. */
async function takesPart({ records }: QueueView, groupId: string): Promise<boolean> {
  try {
    return (await records.readState())?.state.rollout?.group?.id === groupId
  } catch (error) {
    if (isQueueCanaryError(error, 'RECORD_INVALID')) return false
    throw error
  }
}

async function tell({ records, place }: QueueView, wish: Wish, clock: Clock): Promise<boolean> {
  let isDone = false
  await changeState({
    records,
    place,
    clock,
    change: async (state) => {
      if (state.commands.some((known) => known.id === wish.id)) return undefined
      const next = await withCommand(state, records, wish)
      isDone = next === undefined
      return next
    },
  })
  return isDone
}

interface Wish extends Pick<OperateCommand, 'wish' | 'full' | 'reason'> {
  readonly id: string
  readonly at: string
}

/** The document with the command in it; undefined where it would change nothing. Rejects with `COMMAND_REFUSED`. */
async function withCommand(state: QueueState, records: QueueRecords, wish: Wish): Promise<QueueState | undefined> {
  const { rollout } = state
  if (rollout === undefined)
    throw new QueueCanaryError('COMMAND_REFUSED', `${wish.wish} refused: no rollout was started yet`)
  const { id, full, reason } = wish
  const command: Command = { id, rollout: rollout.id, kind: wish.wish, full, reason }
  return (await changes(rollout, command, { records, at: wish.at }))
    ? { ...state, commands: [...state.commands, command] }
    : undefined
}

/** Carries the command out in advance, on paper. An abort needs no policy: it must work also where that is lost. */
async function changes(
  rollout: Rollout,
  command: Command,
  { records, at }: { readonly records: QueueRecords; readonly at: string },
): Promise<boolean> {
  const policy = command.kind === 'abort' ? lastResort : await records.readPolicy(rollout.policyDigest)
  if (policy === undefined) {
    throw new QueueCanaryError(
      'NOT_FOUND',
      `the policy ${rollout.policyDigest} of the rollout is missing in the store: only abort works`,
    )
  }
  const freeze = bindingFreeze(rollout, policy, Date.parse(at))
  const { effects } = transition(rollout, { kind: 'command', at, command, freeze }, policy)
  const refusal = effects.find((effect) => effect.kind === 'refuse')
  if (refusal !== undefined) throw new QueueCanaryError('COMMAND_REFUSED', refusal.why)
  return effects.length > 0
}

/** undefined where it was interrupted. Rejects with `TIMED_OUT`. */
async function carriedOut(
  view: QueueView,
  id: string,
  { io, session }: { readonly io: Io; readonly session: Session },
): Promise<QueueStatus | undefined> {
  const isWaiting = async () =>
    (await view.records.readState())?.state.commands.some((command) => command.id === id) === true
  const followed = await follow({
    read: isWaiting,
    onValue: () => {},
    onTrouble: (text) => writeLine(io.err, text),
    isOver: (waiting) => !waiting,
    clock: session.clock,
    everyMs: 100,
    timeoutMs: answerMs,
    signal: io.signal,
  })
  if (followed.kind === 'over') return view.read()
  if (followed.kind === 'interrupted') return undefined
  throw new QueueCanaryError(
    'TIMED_OUT',
    `no coordinator has taken the command up within ${answerMs / 1_000} s: ${standing(view)}`,
  )
}

function standing({ place }: QueueView): string {
  return `it stands in the store and will be carried out when a worker of queue ${place.queue} runs`
}
