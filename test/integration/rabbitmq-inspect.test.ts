import { describe, expect, it } from 'vitest'
import type { LinkState } from '../../src/contracts/broker.ts'
import { eventually } from '../support/eventually.ts'
import { testServer } from '../support/rabbitmq.ts'
import { openCase, streaming } from '../support/rabbitmq-case.ts'
import { useTeardown } from '../support/teardown.ts'

const server = testServer()

describe('the counts', () => {
  const teardown = useTeardown()

  it('know what was handed back to a queue that was not there at the look before', async () => {
    const target = await openCase(server, teardown, 'classic')
    const stable = target.broker()
    expect(await stable.inspect()).toMatchObject({ handBackBacklog: 0 })
    await target.broker().prepareHandBack()
    await target.helper.publish(target.handBackQueue, [{ id: 'one', body: Buffer.from('x') }])
    expect(await stable.inspect()).toMatchObject({ handBackBacklog: 1 })
  })
})

describe.skipIf(server.control === undefined)('a quorum queue whose leader does not answer', () => {
  const teardown = useTeardown()

  it('is said to be empty, and to have no consumers, which tells the one from the other', async () => {
    const target = await openCase(server, teardown, 'quorum')
    const broker = target.broker()
    await broker.prepareHandBack()
    await broker.subscribe(
      { ...streaming, source: 'handBack', maxUnsettled: 1 },
      { onDelivery: () => {}, onLink: () => {} },
    )
    const two = ['one', 'two'].map((id) => ({ id, body: Buffer.from('x') }))
    await target.helper.publish(target.handBackQueue, two)
    const told = { handBackBacklog: 1, handBackConsumers: 1 }
    await eventually(async () => expect(await broker.inspect()).toMatchObject(told), { what: 'a consumer' })
    await suspend(target.handBackQueue)
    expect(await broker.inspect()).toMatchObject({ handBackBacklog: 0, handBackConsumers: 0 })
  })

  async function suspend(queue: string): Promise<void> {
    const leader = `whereis(binary_to_atom(<<"%2F_${queue}">>))`
    await server.control?.ctl('eval', `sys:suspend(${leader}).`)
    teardown.add(queue, async () => void (await server.control?.ctl('eval', `sys:resume(${leader}).`)))
  }
})

describe.skipIf(server.control === undefined)('a classic queue that is there and cannot be used', () => {
  const teardown = useTeardown()

  it('may hold what was handed back: nobody says that nothing was', async () => {
    const target = await openCase(server, teardown, 'classic')
    await target.helper.declare(target.handBackQueue, 'classic')
    await target.helper.publish(target.handBackQueue, [{ id: 'one', body: Buffer.from('x') }])
    const broker = target.broker({ handBack: { kind: 'existing', queue: target.handBackQueue } })
    expect(await broker.inspect()).toMatchObject({ handBackBacklog: 1 })
    await crash(target.handBackQueue)
    await expect(broker.inspect()).rejects.toMatchObject({
      code: 'BROKER_UNREACHABLE',
      message: expect.stringContaining(`queue "${target.handBackQueue}"`),
    })
    expect(await broker.diagnose()).toContainEqual(
      expect.objectContaining({ subject: 'hand-back queue', level: 'error', mend: expect.stringContaining('node') }),
    )
  })

  it('is not missing', async () => {
    const target = await openCase(server, teardown, 'classic')
    await crash(target.queue)
    const told: (readonly [LinkState, string | undefined])[] = []
    const broker = target.broker()
    const sink = { onDelivery: () => {}, onLink: (...link: (typeof told)[number]) => void told.push(link) }
    await broker.subscribe(streaming, sink)
    await eventually(() => told.length > 1, { what: 'a reason' })
    const why = `queue "${target.queue}" on ${new URL(server.url).host}/ cannot be used: its node is down, or it has crashed or stopped (404)`
    expect(told).toEqual([
      ['connecting', undefined],
      ['connecting', why],
    ])
    await expect(broker.inspect()).rejects.toMatchObject({ code: 'BROKER_UNREACHABLE', message: why })
    expect(await broker.diagnose()).toContainEqual(
      expect.objectContaining({ subject: 'queue', level: 'error', mend: expect.stringContaining('node') }),
    )
    await putState(target.queue, 'live')
    await eventually(() => told.at(-1)?.[0] === 'consuming', { what: 'a consumer' })
  })

  async function crash(queue: string): Promise<void> {
    await putState(queue, 'crashed')
    teardown.add(queue, (name) => putState(name, 'live'))
  }

  /** What the broker has on record of the queue, whose process goes on. */
  async function putState(queue: string, state: 'crashed' | 'live'): Promise<void> {
    const change = `R = rabbit_misc:r(<<"/">>, queue, <<"${queue}">>), F = fun(Q) -> amqqueue:set_state(Q, ${state}) end`
    const versions = `{module, _} -> rabbit_db_queue:update(R, F); _ -> rabbit_misc:execute_mnesia_transaction(fun() -> rabbit_amqqueue:update(R, F) end)`
    await server.control?.ctl('eval', `${change}, case code:ensure_loaded(rabbit_db_queue) of ${versions} end, ok.`)
  }
})
