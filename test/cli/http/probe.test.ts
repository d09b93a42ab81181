import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, test } from 'vitest'
import { probe } from '../../../src/cli/http/probe.ts'
import { useTeardown } from '../../support/teardown.ts'

const teardown = useTeardown()

/** Listens on every IPv4 address; well on /healthz alone. */
async function listener(): Promise<number> {
  const server = createServer(({ url }, response) => {
    response.statusCode = url === '/healthz' ? 200 : 503
    response.end(`${url}\n`)
  })
  await once(server.listen(0, '0.0.0.0'), 'listening')
  teardown.add(server, (opened) => opened.close())
  return (server.address() as AddressInfo).port
}

test.each([
  ['0.0.0.0', undefined, true],
  ['127.0.0.1', undefined, true],
  ['', '/healthz', true],
  ['0.0.0.0', '/readyz', false],
])('it asks a worker that listens on %j for %s', async (host, path, ok) => {
  const port = await listener()
  expect(await probe(`${host}:${port}`, path)).toEqual({ ok, text: path ?? '/healthz' })
})

test.each([
  ['off', true, /nothing to ask/],
  ['0.0.0.0:0', false, /fixed port/],
  ['nowhere', false, /fixed port/],
  ['[::]:1', false, /was not answered/],
])('%s needs no listener to be answered', async (address, ok, text) => {
  const probed = await probe(address)
  expect(probed).toMatchObject({ ok, text: expect.stringMatching(text) })
})
