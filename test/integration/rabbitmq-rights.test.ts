import { randomUUID } from 'node:crypto'
import { connect } from 'amqplib'
import { describe, expect, it } from 'vitest'
import { isQueueCanaryError } from '../../src/errors.ts'
import type { Logger } from '../../src/contracts/logger.ts'
import { eventually, remains } from '../support/eventually.ts'
import { testServer, variant } from '../support/rabbitmq.ts'
import type { RabbitmqControl, UserRights } from '../support/rabbitmq.ts'
import { openCase, streaming, throttled } from '../support/rabbitmq-case.ts'
import { LedgerSink } from '../support/rabbitmq-ledger.ts'
import { proxyTo } from '../support/rabbitmq-target.ts'
import { useTeardown } from '../support/teardown.ts'

const server = testServer()
const password = 'se/cret:pass@word'

describe('limits of a connection', () => {
  const teardown = useTeardown()

  it('no channel left: the newcomer is refused, the others are untouched', async () => {
    const target = await openCase(server, teardown, 'classic')
    const broker = target.broker({ url: `${server.url}?channelMax=2`, handBack: { kind: 'off' } })
    const first = new LedgerSink()
    const second = new LedgerSink()
    const third = new LedgerSink()
    const opened = await broker.subscribe(streaming, first)
    await first.isLinked('consuming')
    await broker.subscribe(streaming, second)
    await second.isLinked('consuming')
    await broker.subscribe(streaming, third)
    await third.isLinked('refused')
    await first.has((await target.publish(1)).concat(await target.publish(1, 'n')).filter((id) => first.ids.has(id)))
    expect([first.states, second.states]).toEqual([
      ['connecting', 'consuming'],
      ['connecting', 'consuming'],
    ])
    await opened.close()
    await third.isLinked('consuming')
  })

  it('an exclusive consumer: refused until it leaves', async () => {
    const target = await openCase(server, teardown, 'classic')
    const rival = teardown.add(await connect(server.url), (connection) => connection.close())
    const channel = await rival.createChannel()
    const { consumerTag } = await channel.consume(target.queue, () => {}, { exclusive: true })
    const sink = new LedgerSink()
    await target.broker().subscribe(streaming, sink)
    await sink.isLinked('refused')
    await channel.cancel(consumerTag)
    await sink.has(await target.publish(5))
    expect(sink.states.at(-1)).toBe('consuming')
  })

  it('a half-open link is found by heartbeats', { timeout: 90_000 }, async () => {
    const target = await openCase(server, teardown, 'quorum')
    const proxy = teardown.add(await proxyTo(server.url), (opened) => opened.close())
    const broker = target.broker({ url: `${variant(server.url, { port: proxy.port })}?heartbeat=2` })
    const sink = new LedgerSink(() => new Promise(() => {}))
    await broker.subscribe(streaming, sink)
    await sink.has(await target.publish(3))
    proxy.blackHole(true)
    await sink.isLinked('connecting', 15_000)
    proxy.blackHole(false)
    await sink.isLinked('consuming', 45_000)
    await eventually(() => expect([sink.count, sink.ids.size]).toEqual([6, 3]), { what: 'the three again' })
  })
})

describe.skipIf(server.control === undefined)('rights', () => {
  const teardown = useTeardown({ deadlineMs: 60_000 })

  it('a wrong password: refused, and no secret anywhere', async () => {
    const { url } = await user()
    const target = await openCase(server, teardown, 'classic')
    const said: unknown[] = []
    const broker = target.broker({
      url: url.replace(encodeURIComponent(password), 'oth3r-secret'),
      log: remembering(said),
    })
    const sink = new LedgerSink()
    await broker.subscribe(streaming, sink)
    await sink.isLinked('refused')
    said.push(
      ...sink.reasons,
      await broker.diagnose(),
      await failureOf(broker.inspect()),
      await failureOf(broker.prepareHandBack()),
    )
    await remains(() => sink.state === 'refused', { what: 'refused' })
    expect(said.map(text).join('\n')).not.toMatch(/oth3r|se.*cret|pass.*word/)
    expect(await failureOf(broker.inspect())).toSatisfy((error) => isQueueCanaryError(error))
    expect(await broker.diagnose()).toContainEqual(expect.objectContaining({ level: 'error', subject: 'connection' }))
  })

  it('without the right to configure: consumes, cannot prepare hand-backs, and says why', async () => {
    const { url } = await user({ configure: '^$', write: '.*', read: '.*' })
    const target = await openCase(server, teardown, 'quorum')
    const broker = target.broker({ url })
    const sink = new LedgerSink()
    await broker.subscribe(streaming, sink)
    await sink.has(await target.publish(20))
    const failure = await failureOf(broker.prepareHandBack())
    expect(isQueueCanaryError(failure, 'BROKER_REFUSED')).toBe(true)
    expect(await broker.inspect()).toMatchObject({ backlog: 0, handBackBacklog: 0 })
    expect(await broker.diagnose()).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ level: 'ok', subject: 'right to consume' }),
        expect.objectContaining({ level: 'warning', subject: 'queue type' }),
        expect.objectContaining({ level: 'error', subject: 'hand-back queue' }),
      ]),
    )
  })

  it('without the right to read: refused as soon as it wants a message', async () => {
    const { url } = await user({ configure: '.*', write: '.*', read: '^$' })
    const target = await openCase(server, teardown, 'classic')
    const broker = target.broker({ url })
    const [greedy, patient] = [new LedgerSink(), new LedgerSink()]
    await broker.subscribe(streaming, greedy)
    const subscription = await broker.subscribe(throttled, patient)
    await greedy.isLinked('refused')
    await patient.isLinked('idle')
    subscription.permit(1)
    await patient.isLinked('refused')
    expect(await broker.diagnose()).toContainEqual(
      expect.objectContaining({ level: 'error', subject: 'right to consume' }),
    )
  })

  it('revoked in the middle of the work: refused after the next reconnect, back when they are granted again', async () => {
    const { name, url, of } = await user()
    const target = await openCase(server, teardown, 'classic')
    const sink = new LedgerSink()
    const broker = target.broker({ url })
    await broker.subscribe(streaming, sink)
    await sink.has(await target.publish(20))
    await of.clearPermissions(name)
    await of.closeAllConnections()
    await sink.isLinked('refused')
    const ids = await target.publish(5, 'later')
    await remains(() => sink.state === 'refused', { what: 'refused', forMs: 1_000 })
    await of.setUser(name, password)
    await sink.has(ids)
    expect(sink.reasons.map(text).join('\n')).not.toMatch(/cret|word/)
  })
})

async function user(rights?: UserRights): Promise<{ name: string; url: string; of: RabbitmqControl }> {
  const { control: of } = server
  if (of === undefined) throw new Error('the test needs a server of its own')
  const name = `user-${randomUUID()}`
  await of.setUser(name, password, rights)
  return { name, url: variant(server.url, { user: name, password }), of }
}

function remembering(said: unknown[]): Logger {
  const remember = (fields: object, line: string): void => void said.push([fields, line])
  return { debug: remember, info: remember, warn: remember, error: remember }
}

function failureOf(work: Promise<unknown>): Promise<unknown> {
  return work.then(
    () => undefined,
    (error: unknown) => error,
  )
}

/** Everything that a log or a status could show of it, causes included. */
function text(value: unknown): string {
  if (!(value instanceof Error)) return JSON.stringify(value)
  return [value.stack, JSON.stringify(value), value.cause === undefined ? '' : text(value.cause)].join('\n')
}
