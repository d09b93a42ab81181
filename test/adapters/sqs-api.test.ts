import { expect, it } from 'vitest'
import { parseQueueUrl } from '../../adapters/brokers/sqs/address.ts'
import { SqsApi } from '../../adapters/brokers/sqs/api.ts'
import { waits } from '../../adapters/brokers/sqs/timing.ts'
import { eventually } from '../support/eventually.ts'
import { httpFaultProxy } from '../support/http-fault-proxy.ts'
import { manualClock } from '../support/manual-clock.ts'
import { useTeardown } from '../support/teardown.ts'

const teardown = useTeardown()
const keys = { accessKeyId: 'key', secretAccessKey: 's3cret' }
const nothing = { kind: 'refuse', status: 200, code: 'None' } as const

async function scene(credentials: () => Promise<typeof keys>) {
  const server = teardown.add(await httpFaultProxy('http://127.0.0.1:9'), (opened) => opened.close())
  server.inflict(() => nothing)
  const queue = parseQueueUrl(`${server.origin}/1/orders?region=eu-west-1`)
  const clock = manualClock()
  const api = teardown.add(new SqsApi(queue, credentials, clock), (opened) => opened.close())
  return {
    server,
    queue,
    clock,
    api,
    send: () => api.send(queue, { MessageBody: 'x' }).catch((error: unknown) => error),
  }
}

it('sends nothing that was given up while its credentials were being found', async () => {
  const found = Promise.withResolvers<typeof keys>()
  const { server, clock, send } = await scene(() => found.promise)
  const given = send()
  await clock.advance(waits.confirm + waits.connect)
  expect(await given).toMatchObject({
    code: 'BROKER_UNREACHABLE',
    message: expect.stringMatching(/^queue "orders": sqs:SendMessage was not sent, as there were no credentials/),
  })
  found.resolve(keys)
  expect(await send()).toBeUndefined()
  expect(server.seen.map(({ action }) => action)).toEqual(['SendMessage'])
})

it('sends nothing once it was closed, also where the credentials come afterwards', async () => {
  const found = Promise.withResolvers<typeof keys>()
  const { server, api, send } = await scene(() => found.promise)
  const given = send()
  api.close()
  found.resolve(keys)
  expect(await given).toMatchObject({ code: 'BROKER_REFUSED' })
  expect(server.seen).toEqual([])
})

it('takes silence for a broker that cannot be reached, and says what was not answered', async () => {
  const { server, clock, send } = await scene(async () => keys)
  server.inflict(() => ({ kind: 'hang' }))
  const given = send()
  await eventually(() => server.seen.length === 1, { what: 'the request' })
  await clock.advance(waits.confirm + waits.connect)
  expect(await given).toMatchObject({
    code: 'BROKER_UNREACHABLE',
    message: 'queue "orders": sqs:SendMessage: no answer within 8000 ms',
  })
})
