import { expect, it } from 'vitest'
import type { SqsApi, VisibilityChange } from '../../adapters/brokers/sqs/api.ts'
import { Desk } from '../../adapters/brokers/sqs/desk.ts'
import { Lease } from '../../adapters/brokers/sqs/lease.ts'
import { readMessage } from '../../adapters/brokers/sqs/message.ts'
import { waits } from '../../adapters/brokers/sqs/timing.ts'
import { manualClock } from '../support/manual-clock.ts'
import { logs } from '../worker/support/logs.ts'

const visibilityS = 30

const queue = {
  name: 'orders',
  url: 'https://sqs.example/1/orders',
  endpoint: 'https://sqs.example',
  region: undefined,
  isFifo: false,
}

function leaseOf(id: string): Lease {
  const received = readMessage({ MessageId: id, ReceiptHandle: id }, { isFifo: false })
  return new Lease(received, { since: 0, visibilityMs: visibilityS * 1_000 }, () => undefined)
}

it('closes when what it returns has arrived, also what had to wait for an extension under way', async () => {
  const clock = manualClock()
  const seconds: (number | undefined)[] = []
  const answers: (() => void)[] = []
  const setVisibility = (_: unknown, changes: readonly VisibilityChange[]): Promise<readonly undefined[]> => {
    seconds.push(...changes.map((change) => change.seconds))
    return new Promise((resolve) => answers.push(() => resolve([undefined])))
  }
  const api = { setVisibility } satisfies Partial<SqsApi> as unknown as SqsApi
  const desk = new Desk({ api, queue, visibilityS, clock, log: undefined })
  desk.accept(leaseOf('m'))
  await clock.advance((visibilityS * 1_000) / 2 + 1)
  let isClosed = false
  const closing = desk.close().then(() => (isClosed = true))
  await clock.advance(1)
  expect([seconds, isClosed]).toEqual([[visibilityS], false])
  answers[0]?.()
  await clock.advance(1)
  expect([seconds, isClosed]).toEqual([[visibilityS, 0], false])
  answers[1]?.()
  await clock.advance(1)
  await closing
  expect(desk.pending).toBe(0)
})

it('deletes what was handled also after it is closed, while its broker lives', async () => {
  const clock = manualClock()
  const deleted: string[] = []
  const deleteAll = async (_: unknown, receipts: readonly string[]): Promise<readonly undefined[]> => {
    if (clock.now() < 5_000) throw new Error('503')
    deleted.push(...receipts)
    return receipts.map(() => undefined)
  }
  const api = { delete: deleteAll, isClosed: false } satisfies Partial<SqsApi> as unknown as SqsApi
  const desk = new Desk({ api, queue, visibilityS, clock, log: undefined })
  const handled = leaseOf('handled')
  desk.accept(handled)
  if (desk.take(handled)) desk.delete(handled)
  const closing = desk.close()
  await clock.advance(waits.farewell)
  await closing
  await clock.advance(5_000)
  expect([deleted, desk.pending]).toEqual([['handled'], 0])
})

it('goes on with nothing once its broker is closed, and says how many messages it left to their time', async () => {
  const clock = manualClock()
  const log = logs()
  let requests = 0
  const refuse = async (): Promise<never> => {
    requests++
    throw new Error('503')
  }
  const api = { setVisibility: refuse, delete: refuse, isClosed: false }
  const desk = new Desk({ api: api satisfies Partial<SqsApi> as unknown as SqsApi, queue, visibilityS, clock, log })
  const left = ['one', 'two'].map(leaseOf)
  for (const lease of left) {
    desk.accept(lease)
    if (desk.take(lease)) desk.delete(lease)
  }
  const closing = desk.close()
  await clock.advance(waits.farewell)
  await closing
  api.isClosed = true
  const asked = requests
  expect(asked).toBeGreaterThan(10)
  await clock.advance(60_000)
  expect([requests - asked, clock.sleeping, desk.pending]).toEqual([1, 0, 0])
  expect(log.lines).toMatchObject([{ level: 'warn', fields: { queue: 'orders', messages: 2 } }])
})
