import { describe, expect, inject, it } from 'vitest'
import { eventually } from '../support/eventually.ts'
import { httpFaultProxy } from '../support/http-fault-proxy.ts'
import { of } from '../support/ledger-check.ts'
import { useTeardown } from '../support/teardown.ts'
import { everythingHandled } from './support/await-rollout.ts'
import { useSqsStage } from './support/sqs-stage.ts'

describe('a handler that outlives its lease (Q-04)', () => {
  const open = useSqsStage()
  const teardown = useTeardown()

  it('is told, and the message is handled by somebody else', async () => {
    const stage = await open({ type: 'standard' })
    const { endpoint } = inject('sqs')
    const proxy = teardown.add(await httpFaultProxy(endpoint), (made) => made.close())
    const url = (stage.access['QUEUE_CANARY_ORDERS_URL'] ?? '').replace(endpoint, proxy.origin)
    const deaf = await stage.worker('v1', {
      name: 'whose heartbeat is refused',
      concurrency: 1,
      handler: { act: 'never' },
      env: { QUEUE_CANARY_ORDERS_URL: url },
    })
    await stage.publisher.backlog(1)
    await eventually(() => of(stage.ledger(), 'start').length === 1, { what: 'it has the message' })
    proxy.inflict(({ action }) =>
      action === 'ChangeMessageVisibilityBatch' || action === 'ReceiveMessage'
        ? { kind: 'refuse', status: 400, code: 'RequestThrottled' }
        : undefined,
    )
    await stage.worker('v1', { name: 'another one' })
    await everythingHandled(stage)
    await eventually(() => of(stage.ledger(), 'aborted').length === 1, { what: 'its signal aborts' })
    const [told, done] = [of(stage.ledger(), 'aborted')[0], of(stage.ledger(), 'done')[0]]
    expect(told?.pid).toBe(deaf.pid)
    expect(done?.pid).not.toBe(deaf.pid)
    expect((await stage.queues.depths()).dead).toBe(0)
  })
})
