import { everythingHandled } from '../integration/support/await-rollout.ts'
import { ackMs, aftermathMs } from '../integration/support/fault-times.ts'
import type { Owner, Stage } from '../integration/support/stage.ts'
import type { QueueStatus } from '../../src/status/queue-status.ts'
import { ledgerNow } from '../support/ledger.ts'
import type { LedgerEvent } from '../support/ledger.ts'
import { of } from '../support/ledger-check.ts'
import type { Fault } from '../support/ledger-check.ts'
import type { Running } from '../support/processes.ts'
import { eventually } from '../support/eventually.ts'
import { serverTargets } from './cell.ts'
import type { Cell, Target } from './cell.ts'
import { Company, controlOf, secret } from './company.ts'
import type { FleetSize } from './company.ts'
import type { Lane } from './lane.ts'
import type { Member } from './member.ts'
import { comes } from './moment-watch.ts'
import { rate, settingOf } from './setting.ts'
import { strikeMember, strikeServer, wipe } from './strike.ts'

/** What a rollout was seen to do that was struck. Times are those of the ledger. */
export interface Trial {
  readonly cell: Cell
  /** What the blow explains: when it was, and whose deliveries it made void. */
  readonly blow: Fault
  /** When `start --watch` ended, and how. */
  readonly endedAt: number
  readonly exit: number | null
  /** The last status. */
  readonly status: QueueStatus
  readonly confirmed: ReadonlySet<string>
  readonly events: readonly LedgerEvent[]
  /** What was wrong with the order of decisions, in words. */
  readonly disorder: readonly string[]
  /** Messages that were dead-lettered. */
  readonly dead: number
  readonly secretWritten: boolean
}

/** One rollout from v1 to v2 on the servers of the lane, struck at the moment of the cell. */
export async function tryCell(lane: Lane, cell: Cell, size: FleetSize, owner: Owner): Promise<Trial> {
  const company = await Company.open(lane, cell, size, owner)
  const { stage, watch } = company
  await Promise.all(company.stable.map((member) => member.run()))
  const isLate = cell.moment === 'registered'
  if (!isLate) await runAll(company.canaries)
  const stream = stage.publisher.stream(rate)
  const rollout = await begin(company, settingOf(cell.moment).policy)
  const late = isLate ? runAll(company.canaries).catch(() => undefined) : undefined
  if (cell.moment === 'draining-canary') await abort(stage)
  await comes(cell.moment, stage, watch)
  const blow = await strike(lane, cell, company)
  await late
  const { code } = await rollout.exited(180_000)
  const endedAt = ledgerNow()
  await runVersion(company, (await stage.status()).current)
  await stream.stop()
  await everythingHandled(stage, 60_000).catch(() => undefined)
  return {
    cell,
    blow,
    endedAt,
    exit: code,
    status: await stage.status(),
    confirmed: stage.publisher.confirmed,
    events: stage.ledger(),
    disorder: watch.faults,
    dead: (await stage.queues.depths()).dead,
    secretWritten: stage.processes.output().includes(secret),
  }
}

/** `start --watch`, once there is a rollout. On a machine that is busy with starting the fleet, the store may not be reached in time: then once more. */
async function begin({ stage, watch }: Company, policy: object): Promise<Running> {
  for (let attempt = 1; ; attempt++) {
    const rollout = stage.start('v2', policy, '--timeout', '150s')
    const hasBegun = (): boolean => watch.last?.rollout !== undefined
    await eventually(() => hasBegun() || rollout.exit !== undefined, { what: 'the rollout begins', deadlineMs: 60_000 })
    if (hasBegun()) return rollout
    if (attempt === starts || rollout.exit?.code !== unreachable) await rollout.exitsWith(0)
  }
}

/** While the canary holds many slow messages, so that its drain lasts. */
async function abort(stage: Stage): Promise<void> {
  const begun = (): number => of(stage.ledger(), 'start').filter(({ version }) => version === 'v2').length
  await eventually(() => begun() >= 8, { what: 'the canary holds messages', deadlineMs: 60_000 })
  void stage.run(['abort', '--queue', 'orders', '--reason', 'chaos']).catch(() => undefined)
}

const starts = 3
/** What the command line ends with where the store cannot be reached. */
const unreachable = 6

async function strike(lane: Lane, cell: Cell, company: Company): Promise<Fault> {
  const from = ledgerNow() - ackMs
  if (serverTargets.includes(cell.target)) {
    await strikeTheServer(lane, cell, company)
    return { from, to: ledgerNow() + aftermathMs, pids: cell.target === 'store' ? [] : undefined }
  }
  const { struck, killed } = await victims(cell, company)
  const pids = [struck, ...killed].flatMap((member) => member.pids)
  await strikeMember(struck, cell.blow)
  const to = ledgerNow() + aftermathMs
  await runAll([struck, ...killed])
  return { from, to, pids }
}

async function strikeTheServer(lane: Lane, { target, blow, store }: Cell, company: Company): Promise<void> {
  const { url, control } = await lane.store(store)
  if (control === undefined) throw new Error('a store that was given is not ours to break: unset its variable')
  if (blow === 'wipe') return wipe(store, url)
  const links = [company.operator, ...company.members.map((member) => member.links)]
  if (target === 'store')
    await strikeServer(
      control,
      links.map((each) => each.store),
      blow,
    )
  else
    await strikeServer(
      controlOf(lane),
      links.map((each) => each.broker),
      blow,
    )
}

/** Who is struck, and who was killed so that it may be. */
async function victims(cell: Cell, company: Company) {
  if (cell.target === 'leading-canary') return { struck: await company.leaveToCanaries(), killed: company.stable }
  const found = whoIs(cell.target, company)
  if (found === undefined) throw new Error(`there is no ${cell.target}`)
  if (cell.target === 'stable' && cell.moment === 'retired') await returnRetired(found)
  return { struck: found, killed: [] }
}

function whoIs(target: Target, { leader, stable, canaries }: Company): Member | undefined {
  if (target === 'leader') return leader
  return target === 'stable' ? stable.find((member) => member !== leader) : canaries[0]
}

/** An old container that is scheduled once more. */
async function returnRetired(member: Member): Promise<void> {
  await member.process?.exited(60_000)
  await member.run()
}

async function runAll(members: readonly Member[]): Promise<void> {
  await Promise.all(members.map((member) => member.run()))
}

/** Somebody has to handle what is left. */
async function runVersion({ members }: Company, version: string): Promise<void> {
  await runAll(members.filter((member) => member.version === version))
}
