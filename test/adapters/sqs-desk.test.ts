import { describe, expect, it } from 'vitest'
import type { SqsApi, VisibilityChange } from '../../adapters/brokers/sqs/api.ts'
import { Desk } from '../../adapters/brokers/sqs/desk.ts'
import type { DeskSettings } from '../../adapters/brokers/sqs/desk.ts'
import { brokerError } from '../../adapters/brokers/sqs/failures.ts'
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

function deskOf(api: Partial<SqsApi>, settings: Pick<DeskSettings, 'clock'> & Partial<DeskSettings>): Desk {
  // what the test's desk asks of it is there
  const whole = api as SqsApi
  return new Desk({ api: whole, queue, visibilityS, log: undefined, onTrouble: () => {}, ...settings })
}

it('closes when what it returns has arrived, also what had to wait for an extension under way', async () => {
  const clock = manualClock()
  const seconds: (number | undefined)[] = []
  const answers: (() => void)[] = []
  const setVisibility = (_: unknown, changes: readonly VisibilityChange[]): Promise<readonly undefined[]> => {
    seconds.push(...changes.map((change) => change.seconds))
    return new Promise((resolve) => answers.push(() => resolve([undefined])))
  }
  const desk = deskOf({ setVisibility }, { clock })
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
  const desk = deskOf({ delete: deleteAll, isClosed: false }, { clock })
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
  const desk = deskOf(api, { clock, log })
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

describe('a trouble of settling', () => {
  const denied = (action: string, of = 'orders') => {
    const error = Object.assign(new Error('no'), { name: 'AccessDeniedException' })
    return brokerError(error, { queue: of, action })
  }
  const deadLetters = { ...queue, name: 'orders-dead' }

  function scene() {
    const clock = manualClock()
    const log = logs()
    const told: (string | undefined)[] = []
    const fault: { delete?: Error; setVisibility?: Error; send?: Error; entry?: string } = {}
    const outcome = async (error: Error | undefined, count: number) => {
      if (error !== undefined) throw error
      return Array.from({ length: count }, () => fault.entry)
    }
    const api: Partial<SqsApi> = {
      isClosed: false,
      delete: (_, receipts) => outcome(fault.delete, receipts.length),
      setVisibility: (_, changes) => outcome(fault.setVisibility, changes.length),
      send: async () => void (await outcome(fault.send, 0)),
    }
    const desk = deskOf(api, { clock, log, onTrouble: (reason) => void told.push(reason) })
    const settle = (id: string, act: (lease: Lease) => void): void => {
      const lease = leaseOf(id)
      desk.accept(lease)
      if (desk.take(lease)) act(lease)
    }
    return { clock, log, told, fault, desk, settle }
  }

  it('is told once, however many messages may not be sent to the dead-letter queue, and again when it is over', async () => {
    const { clock, log, told, fault, desk, settle } = scene()
    const move = (lease: Lease): void =>
      desk.move(lease, { to: deadLetters, copy: { MessageBody: '' }, elseSeconds: 9 })
    fault.send = denied('SendMessage', 'orders-dead')
    for (let count = 0; count < 300; count++) settle(`m${count}`, move)
    await clock.advance(1_000)
    const reason = expect.stringContaining('queue "orders-dead" refuses access: grant sqs:SendMessage')
    expect(log.lines).toEqual([{ level: 'warn', text: expect.any(String), fields: { queue: 'orders', reason } }])
    delete fault.send
    settle('allowed', move)
    await clock.advance(1_000)
    expect(log.lines.slice(1)).toMatchObject([{ level: 'info', fields: { queue: 'orders' } }])
    expect(told).toEqual([reason, undefined])
  })

  it.each([
    ['deletes that are denied', 'DeleteMessage', { delete: denied('DeleteMessage') }],
    ['deletes whose entries are denied', 'DeleteMessage', { entry: 'AccessDenied' }],
    ['returns that are denied', 'ChangeMessageVisibility', { setVisibility: denied('ChangeMessageVisibility') }],
  ])('is told of %s, and when it is over', async (_, action, faults) => {
    const { clock, log, told, fault, desk, settle } = scene()
    Object.assign(fault, faults)
    settle('m', (lease) => (action === 'DeleteMessage' ? desk.delete(lease) : desk.return(lease, 0)))
    await clock.advance(10_000)
    expect(told).toEqual([expect.stringContaining(`queue "orders" refuses access: grant sqs:${action}`)])
    for (const name of ['delete', 'setVisibility', 'entry'] as const) delete fault[name]
    await clock.advance(10_000)
    expect(told.slice(1)).toEqual([undefined])
    expect([log.lines.map(({ level }) => level), desk.pending]).toEqual([['warn', 'info'], 0])
  })

  it('is told of extensions that are denied', async () => {
    const { clock, told, fault, desk } = scene()
    fault.setVisibility = denied('ChangeMessageVisibility')
    desk.accept(leaseOf('m'))
    await clock.advance((visibilityS * 1_000) / 2 + 1)
    expect(told).toEqual([expect.stringContaining('grant sqs:ChangeMessageVisibility')])
  })

  it('is none while the next try may be better, and is told with all its reasons', async () => {
    const { clock, told, fault, desk, settle } = scene()
    const broken = Object.assign(new Error('no'), { name: 'InternalFailure', $metadata: { httpStatusCode: 500 } })
    fault.delete = brokerError(broken, { queue: 'orders', action: 'DeleteMessage' })
    settle('m', (lease) => desk.delete(lease))
    await clock.advance(1_000)
    expect(told).toEqual([])
    await clock.advance(10_000)
    expect(told).toEqual([expect.stringMatching(/^queue "orders": sqs:DeleteMessage was not answered: \S+ \(500\)$/)])
    fault.setVisibility = denied('ChangeMessageVisibility')
    settle('other', (lease) => desk.return(lease, 0))
    await clock.advance(100)
    expect(told.slice(1)).toEqual([expect.stringMatching(/DeleteMessage was .*; .* grant sqs:ChangeMessageVisibility/)])
  })

  it('is no receipt that is worth nothing any more', async () => {
    const { clock, told, fault, desk, settle } = scene()
    fault.entry = 'ReceiptHandleIsInvalid'
    settle('m', (lease) => desk.delete(lease))
    await clock.advance(10_000)
    expect([told, desk.pending]).toEqual([[], 0])
  })
})
