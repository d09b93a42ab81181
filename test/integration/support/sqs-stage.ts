import { inject } from 'vitest'
import type { LedgerEvent } from '../../support/ledger.ts'
import { deadLettersOf, sqsHelper, testCredentials, testRegion } from '../../support/sqs-helper.ts'
import type { SqsHelper } from '../../support/sqs-helper.ts'
import type { TestQueues } from './queues.ts'
import { createSqsPublisher } from './sqs-publisher.ts'
import type { Place, SqsPublisher } from './sqs-publisher.ts'
import { keepStages } from './use-stage.ts'
import type { Stage } from './stage.ts'

export interface SqsQueueSettings {
  readonly type: 'standard' | 'fifo'
  /** Whether the operator made a hand-back queue. @default false */
  readonly handBack?: boolean
  /** @default 10 */
  readonly maxReceiveCount?: number
}

export interface SqsStage extends Stage {
  readonly publisher: SqsPublisher
}

/** Long enough that a machine that stands still for a moment loses nothing, short enough to wait for after a death. */
const visibilityS = '10'

/** Stages on the SQS of the test run; see `useStage`. */
export function useSqsStage(): (settings: SqsQueueSettings) => Promise<SqsStage> {
  const open = keepStages<SqsQueueSettings>(
    async ({ type, handBack = false, maxReceiveCount = 10 }, base, teardown) => {
      const { endpoint } = inject('sqs')
      const helper = teardown.add(sqsHelper(endpoint), (made) => made.close())
      const suffix = type === 'fifo' ? '.fifo' : ''
      const [name, handBackName] = [`${base}${suffix}`, `${base}-hand-back${suffix}`]
      await helper.declare(name, { VisibilityTimeout: visibilityS }, maxReceiveCount)
      if (handBack) await helper.declare(handBackName, { VisibilityTimeout: visibilityS })
      const queues = teardown.add(queuesOf(helper, name, handBackName), (made) => made.remove())
      const publisher = teardown.add(createSqsPublisher(endpoint, helper.url(name)), (made) => made.close())
      const access = {
        QUEUE_CANARY_ORDERS_URL: `${helper.url(name)}?region=${testRegion}`,
        AWS_ACCESS_KEY_ID: testCredentials.accessKeyId,
        AWS_SECRET_ACCESS_KEY: testCredentials.secretAccessKey,
        ...(handBack && { QUEUE_CANARY_ORDERS_HAND_BACK: handBackName }),
      }
      return { access, secret: testCredentials.secretAccessKey, control: undefined, queues, publisher }
    },
  )
  return async (settings) => {
    const stage = await open(settings)
    if (!isSqsStage(stage)) throw new Error('the publisher of an SQS stage knows the places of its messages')
    return stage
  }
}

function isSqsStage(stage: Stage): stage is SqsStage {
  return 'places' in stage.publisher
}

function queuesOf(helper: SqsHelper, name: string, handBack: string): TestQueues {
  const dead = deadLettersOf(name)
  const ready = async (queue: string): Promise<number> => (await helper.ready(queue)) ?? 0
  return {
    name,
    dead,
    handBack,
    depths: async () => ({ queue: await ready(name), dead: await ready(dead), handBack: await ready(handBack) }),
    async remove() {
      for (const queue of [name, handBack, dead, deadLettersOf(handBack)]) await helper.delete(queue)
    },
  }
}

/** Messages that began for the first time after a later one of their group had ended with success, in words. */
export function disorder(places: ReadonlyMap<string, Place>, events: readonly LedgerEvent[]): readonly string[] {
  const latest = new Map<string, bigint>()
  const begun = new Set<string>()
  const found: string[] = []
  for (const { id, kind, pid } of events) {
    const { group, sequence } = places.get(id) ?? { group: '', sequence: 0n }
    const last = latest.get(group) ?? 0n
    if (kind === 'start' && !begun.has(id) && sequence < last)
      found.push(`${group}: ${sequence} began after ${last}, in ${pid}`)
    begun.add(id)
    if (kind === 'done' && sequence > last) latest.set(group, sequence)
  }
  return found
}
