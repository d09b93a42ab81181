import type { MemoryServer } from '../../../adapters/brokers/memory/memory-server.ts'
import { memoryServer } from '../../../adapters/brokers/memory/memory-server.ts'
import type { Broker, BrokerCapabilities } from '../../../src/contracts/broker.ts'
import type { Clock } from '../../../src/contracts/clock.ts'
import type { Accepts, Handle, HandlerDefinition } from '../../../src/contracts/handler.ts'
import type { ConsumerAllocation } from '../../../src/core/allocation/lane.ts'
import { within } from '../../../src/worker/deadline.ts'
import { IntakeSwitch } from '../../../src/worker/intake-switch.ts'
import { Processor } from '../../../src/worker/processor.ts'
import { systemClock } from '../../../src/worker/system-clock.ts'
import type { Teardown } from '../../support/teardown.ts'
import { eventually } from '../../support/eventually.ts'
import { logs } from './logs.ts'
import type { Logs } from './logs.ts'

export const queue = 'orders'
export const handBackQueue = 'orders.queue-canary.hand-back'
export const deadQueue = 'orders.dead'

export interface BenchOptions {
  readonly handle?: Handle | undefined
  /** Instead of `handle` and `accepts`. */
  readonly handler?: HandlerDefinition
  /** @default everything */
  readonly accepts?: Accepts
  readonly clock?: Clock
  readonly handBack?: boolean
  readonly concurrency?: number
  readonly prefetch?: number
  readonly handlerTimeoutMs?: number
  readonly maxAttempts?: number
  readonly retryDelayMs?: number
  readonly outagePatienceMs?: number
  readonly version?: string
  /** @default what the broker can */
  readonly retryLater?: BrokerCapabilities['retryLater']
  readonly server?: MemoryServer
  /** @default false */
  readonly isReleasing?: boolean
}

/** The data path of one consumer on a memory broker, without the coordination around it. */
export interface Bench {
  readonly server: MemoryServer
  readonly broker: Broker
  readonly processor: Processor
  readonly intake: IntakeSwitch
  readonly log: Logs
  /** The allocation is fresh while this is true. */
  fresh: boolean
  stream(): void
  throttle(allocation: Partial<ConsumerAllocation> | undefined): void
  publish(count: number, prefix?: string): void
  depth(name?: string): number
  /** Waits for a count of the tally. */
  counts(name: keyof Processor['tally']['counts'], atLeast: number): Promise<void>
}

export function bench(teardown: Teardown, options: BenchOptions): Bench {
  const { clock = systemClock(), handBack = true, concurrency = 10, version = 'v2' } = options
  const server = declared(options.server ?? memoryServer({ clock }))
  const broker = server.broker({ queue, handBack: handBack ? 'create' : 'off' })
  const log = logs()
  const given = { ...usualLimits, ...options, version, clock, log, random: Math.random, handBack }
  const handler = handlerOf(options)
  const { retryLater = broker.capabilities.retryLater } = options
  const processor = new Processor({
    ...given,
    handler,
    batch: {},
    retryLater,
    isReleasing: () => options.isReleasing === true,
  })
  const prefetch = options.prefetch ?? 2 * concurrency
  const isFresh = () => self.fresh
  const intake = new IntakeSwitch({ broker, processor, clock, concurrency, prefetch, isFresh })
  const life = new AbortController()
  void processor.watch(life.signal)
  teardown.add(intake, () => {
    life.abort()
    return within(clock, 1_000, intake.close())
  })
  void broker.prepareHandBack()
  const self: Bench = {
    server,
    broker,
    processor,
    intake,
    log,
    fresh: true,
    stream: () => intake.set({ kind: 'stream', rollout: undefined, wayMs: undefined }),
    throttle: (part) => intake.set({ kind: 'throttled', allocation: part && { ...generous, ...part } }),
    publish: (count, prefix = 'm') => {
      for (let n = 0; n < count; n++) server.publish(queue, { id: `${prefix}-${n}`, body: Buffer.from('{"n":1}') })
    },
    depth: (name = queue) => server.depth(name),
    counts: (name, atLeast) =>
      eventually(() => processor.tally.counts[name] >= atLeast, { what: `${atLeast} ${name}`, deadlineMs: 5_000 }),
  }
  return self
}

function handlerOf({ handler, handle = () => undefined, accepts }: BenchOptions): HandlerDefinition {
  return handler ?? { handle, ...(accepts && { accepts }) }
}

const usualLimits = { handlerTimeoutMs: 10_000, maxAttempts: 3, retryDelayMs: 1, outagePatienceMs: 0 }

function declared(server: MemoryServer): MemoryServer {
  server.declare(deadQueue)
  server.declare(queue, { deadLetterTo: deadQueue })
  return server
}

const generous: ConsumerAllocation = {
  concurrency: 5,
  delayMs: 0,
  permits: undefined,
  bridge: undefined,
  fuse: undefined,
  failures: 1_000,
  returnsToSpare: 3,
}
