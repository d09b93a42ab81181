import { describe, expect, it } from 'vitest'
import { messages } from '../contract/broker/stage.ts'
import { eventually } from '../support/eventually.ts'
import { useTeardown } from '../support/teardown.ts'
import { openSqsLab } from './support/sqs-lab.ts'

const teardown = useTeardown({ deadlineMs: 30_000 })
const [bursts, burst, permitted] = [30, 10, 5]

describe.each([false, true])('a subscription that gives way (FIFO: %s)', (fifo) => {
  it('leaves what comes in bursts to one that is ahead, as far as its permits go, and takes the rest', async () => {
    const { helper, queue, take } = await openSqsLab(teardown, { fifo })
    const ack = (delivery: { ack(): boolean }): void => void setImmediate(() => delivery.ack())
    const behind = await take({ maxUnsettled: 20 }, ack)
    behind.subscription.giveWay?.(50)
    const ahead = await take({ precedence: 'ahead', permits: 0 }, ack)
    for (let sent = 1; sent <= bursts; sent++) {
      ahead.grant(permitted)
      await helper.publish(queue, messages(burst, `m-${sent}`))
      await eventually(() => ahead.count + behind.count === burst * sent, { what: `burst ${sent} is taken` })
    }
    expect(ahead.violations).toEqual([])
    // a poll of the other one may come at the very moment when there is something
    expect(ahead.count).toBeGreaterThanOrEqual(0.9 * permitted * bursts)
  })
})
