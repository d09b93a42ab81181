import { expect, it } from 'vitest'
import type { SqsApi, VisibilityChange } from '../../adapters/brokers/sqs/api.ts'
import { Desk } from '../../adapters/brokers/sqs/desk.ts'
import { Lease } from '../../adapters/brokers/sqs/lease.ts'
import { readMessage } from '../../adapters/brokers/sqs/message.ts'
import { manualClock } from '../support/manual-clock.ts'

const visibilityS = 30

it('closes when what it returns has arrived, also what had to wait for an extension under way', async () => {
  const clock = manualClock()
  const seconds: (number | undefined)[] = []
  const answers: (() => void)[] = []
  const setVisibility = (_: unknown, changes: readonly VisibilityChange[]): Promise<readonly undefined[]> => {
    seconds.push(...changes.map((change) => change.seconds))
    return new Promise((resolve) => answers.push(() => resolve([undefined])))
  }
  const api = { setVisibility } satisfies Partial<SqsApi> as unknown as SqsApi
  const queue = {
    name: 'orders',
    url: 'https://sqs.example/1/orders',
    endpoint: 'https://sqs.example',
    region: undefined,
    isFifo: false,
  }
  const desk = new Desk({ api, queue, visibilityS, clock, log: undefined })
  const received = readMessage({ MessageId: 'm', ReceiptHandle: 'm' }, { isFifo: false })
  desk.accept(new Lease(received, { since: clock.now(), visibilityMs: visibilityS * 1_000 }, () => undefined))
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
