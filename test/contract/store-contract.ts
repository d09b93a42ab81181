import { describe, expect, it } from 'vitest'
import { tcpProxy } from '../support/tcp-proxy.ts'
import { useTeardown } from '../support/teardown.ts'
import { amnesiaCases, concurrencyCases, lifecycleCases } from './store/concurrency-cases.ts'
import { documentCases } from './store/document-cases.ts'
import { faultCases } from './store/fault-cases.ts'
import type { StoreTarget } from './store/store-case.ts'

export type { StoreTarget, StoreUnderTest } from './store/store-case.ts'

const noServer = 'there is no server between the clients and the documents'
const patience = { timeout: 120_000 }
/** What is proven here does not depend on how busy the machine is. */
const patientMs = 10_000

/** Registers every promise of `src/contracts/store.ts` as a test of the target. */
export function storeContract(target: StoreTarget): void {
  const cases = [...documentCases, ...concurrencyCases, ...lifecycleCases, ...amnesiaCases]
  const skip = new Map(Object.entries(target.skip ?? {}))

  describe(`store contract: ${target.name}`, () => {
    const teardown = useTeardown()
    const open = async () => teardown.add(await target.open(), (opened) => opened.dispose())

    it('skips name cases and reasons', () => {
      const names = [...cases, ...faultCases].map(({ name }) => name)
      expect(new Set(names).size).toBe(names.length)
      expect([...skip.keys()].filter((name) => !names.includes(name))).toEqual([])
      expect([...skip.values()].every((reason) => reason.trim() !== '')).toBe(true)
    })

    it.for(cases.map((each) => [each.name, each] as const))('%s', patience, async ([name, testCase], context) => {
      const reason = skip.get(name)
      context.skip(reason !== undefined, reason)
      const documents = await open()
      const connect = async () => teardown.add(documents.connect(patientMs), (store) => store.close())
      await testCase.run(connect, documents)
      expect.hasAssertions()
    })

    it.for(faultCases.map((each) => [each.name, each] as const))('%s', patience, async ([, testCase], context) => {
      const documents = await open()
      const { server } = documents
      if (server === undefined) return context.skip(noServer)
      const { control } = server
      if (testCase.breaksServer && control === undefined) return context.skip('the server was given: it is not broken')
      const proxy = teardown.add(await tcpProxy({ port: server.port }), (opened) => opened.close())
      await testCase.run({
        proxy,
        control: control ?? untouchable,
        connect: async () => teardown.add(documents.connect(patientMs), (store) => store.close()),
        through: (deadlineMs) => teardown.add(server.connectThrough(proxy.port, deadlineMs), (store) => store.close()),
      })
      expect.hasAssertions()
    })
  })
}

const forbidden = (): Promise<never> => Promise.reject(new Error('the server was given: it is not ours to break'))
const untouchable = { kill: forbidden, terminate: forbidden, start: forbidden, pause: forbidden, resume: forbidden }
