import { natsStore } from '../../adapters/stores/nats/index.ts'
import { postgresStore } from '../../adapters/stores/postgres/index.ts'
import { redisStore } from '../../adapters/stores/redis/index.ts'
import { openStage, rabbitmqScene } from '../integration/support/stage.ts'
import type { MakeScene, Owner, Stage } from '../integration/support/stage.ts'
import type { QueueSettings } from '../integration/support/queues.ts'
import { isHolder, watchState } from '../integration/support/state-watch.ts'
import type { StateWatch } from '../integration/support/state-watch.ts'
import { eventually } from '../support/eventually.ts'
import type { RabbitmqControl } from '../support/rabbitmq.ts'
import { variant } from '../support/rabbitmq.ts'

import type { Cell } from './cell.ts'
import { join } from './member.ts'
import type { Member } from './member.ts'
import type { Lane } from './lane.ts'
import { closeLinks, openLinks } from './links.ts'
import type { Links } from './links.ts'
import { settingOf } from './setting.ts'
import { wipe } from './strike.ts'

export interface FleetSize {
  readonly stable: number
  readonly canary: number
}

const user = 'queue-canary-chaos'
/** Nobody may see it. */
export const secret = 'p4ss:w/rd@chaos-91d2'
const drivers = { redis: redisStore, nats: natsStore, postgres: postgresStore } as const

/** The workers of one queue, each on ways of its own to the servers of a lane, and whoever operates them. */
export class Company {
  readonly stage: Stage
  readonly watch: StateWatch
  readonly stable: readonly Member[]
  readonly canaries: readonly Member[]
  readonly operator: Links

  private constructor(parts: Pick<Company, 'stage' | 'watch' | 'stable' | 'canaries' | 'operator'>) {
    this.stage = parts.stage
    this.watch = parts.watch
    this.stable = parts.stable
    this.canaries = parts.canaries
    this.operator = parts.operator
  }

  /** Nobody runs yet. What is opened is registered to be closed. */
  static async open(lane: Lane, { store, queue, moment }: Cell, size: FleetSize, owner: Owner): Promise<Company> {
    const [broker, stores] = [controlOf(lane), await lane.store(store)]
    await broker.setUser(user, secret)
    await wipe(store, stores.url)
    const servers = { brokerUrl: variant(lane.broker.url, { user, password: secret }), storeUrl: stores.url }
    const newLinks = async (): Promise<Links> => owner.add(await openLinks(servers), closeLinks)
    const operator = await newLinks()
    const stage = await openStage(sceneOf(lane, servers.brokerUrl, operator), { type: queue }, owner)
    const setting = settingOf(moment)
    const crew = async (version: 'stable' | 'canary', name: string): Promise<Member[]> => {
      const members: Member[] = []
      for (let one = 1; one <= size[version]; one++)
        members.push(join(stage, await newLinks(), { name: `${name}-${one}`, version: name, worker: setting[version] }))
      return members
    }
    const watch = owner.add(watchState(drivers[store]({ url: stores.url })), (made) => made.stop())
    const [stable, canaries] = [await crew('stable', 'v1'), await crew('canary', 'v2')]
    return new Company({ stage, watch, stable, canaries, operator })
  }

  get members(): readonly Member[] {
    return [...this.stable, ...this.canaries]
  }

  /** Who coordinates, as far as the store says. */
  get leader(): Member | undefined {
    const holder = this.watch.last?.lease.holder
    return this.members.find(({ pids }) => pids.some((pid) => isHolder(pid, holder)))
  }

  /** Kills the stable workers, and waits until a canary leads. */
  async leaveToCanaries(): Promise<Member> {
    for (const { process } of this.stable) process?.signal('SIGKILL')
    for (const { process } of this.stable) await process?.exited()
    const leads = (): Member | undefined => this.canaries.find((member) => member === this.leader)
    await eventually(() => leads() !== undefined, {
      what: 'a canary leads where no stable worker lives',
      deadlineMs: 30_000,
    })
    const found = leads()
    if (found === undefined) throw new Error('the canary that led leads no more')
    return found
  }
}

function sceneOf(lane: Lane, brokerUrl: string, operator: Links): MakeScene<QueueSettings> {
  const { url: adminUrl, control } = lane.broker
  const onBroker = rabbitmqScene(async () => ({ url: brokerUrl, adminUrl, password: secret, control }))
  return async (settings, name, teardown) => ({
    ...(await onBroker(settings, name, teardown)),
    store: operator.storeUrl,
  })
}

export function controlOf({ broker: { control } }: Lane): RabbitmqControl {
  if (control === undefined) throw new Error('a broker that was given is not ours to break: unset AMQP_URL')
  return control
}
