import { describe, expect, it } from 'vitest'
import { eventually } from '../support/eventually.ts'
import { useTeardown } from '../support/teardown.ts'
import type { Teardown } from '../support/teardown.ts'
import { factsCases, volumeCase } from './broker/facts-cases.ts'
import { handBackCases } from './broker/hand-back-cases.ts'
import { leaseCases } from './broker/lease-cases.ts'
import { linkCases, linkHeldCases } from './broker/link-cases.ts'
import { permitCases } from './broker/permit-cases.ts'
import { settleCases } from './broker/settle-cases.ts'
import { retryCases } from './broker/retry-cases.ts'
import type { Stage } from './broker/stage.ts'
import { Taker } from './broker/stage.ts'
import { stopCases } from './broker/stop-cases.ts'
import type { BrokerTarget, BrokerUnderTest } from './broker/target.ts'

export type { BrokerFaults, BrokerTarget, BrokerUnderTest, ConnectOverrides, Outgoing, Raw } from './broker/target.ts'

export interface BrokerContractOptions {
  /** Messages of the volume case. @default 20000 */
  readonly volume?: number
}

/** Registers every promise of `src/contracts/broker.ts` as a test of the target. */
export function brokerContract(target: BrokerTarget, { volume = 20_000 }: BrokerContractOptions = {}): void {
  const cases = [
    ...permitCases,
    ...settleCases,
    ...stopCases,
    ...handBackCases,
    ...retryCases,
    ...linkCases,
    ...(target.heldBy === 'lease' ? leaseCases : linkHeldCases),
    ...factsCases,
    volumeCase(volume),
  ]
  const skip = new Map(Object.entries(target.skip ?? {}))

  describe(`broker contract: ${target.name}`, () => {
    const teardown = useTeardown({ deadlineMs: 30_000 })

    it('skips name cases and reasons', () => {
      const names = cases.map(({ name }) => name)
      expect(new Set(names).size).toBe(names.length)
      expect([...skip.keys()].filter((name) => !names.includes(name))).toEqual([])
      expect([...skip.values()].every((reason) => reason.trim() !== '')).toBe(true)
    })

    it.for(cases.map((each) => [each.name, each] as const))(
      '%s',
      { timeout: 180_000 },
      async ([name, testCase], { skip: leaveOut }) => {
        const reason = skip.get(name)
        leaveOut(reason !== undefined, reason)
        const queue = teardown.add(await target.open(), (opened) => opened.dispose())
        const takers: Taker[] = []
        const stage = createStage(target, queue, teardown, takers)
        const unable = testCase.leftOut?.((await stage.connect()).capabilities)
        leaveOut(unable !== undefined, unable)
        await testCase.run(stage)
        expect(takers.flatMap((taker) => taker.violations)).toEqual([])
      },
    )
  })
}

function createStage(target: BrokerTarget, queue: BrokerUnderTest, teardown: Teardown, takers: Taker[]): Stage {
  return {
    target,
    faults: queue.faults,
    publish: (outgoing) => queue.publish(outgoing),
    ready: () => queue.ready(),
    handBackReady: () => queue.handBackReady(),
    takeHandedBack: () => queue.takeHandedBack(),
    deadLettered: () => queue.deadLettered(),
    async connect(overrides) {
      return teardown.add(await queue.connect(overrides), (broker) => broker.close())
    },
    async take(broker, request = {}, react = () => {}) {
      const full = { source: 'queue', precedence: 'normal', maxUnsettled: 10, permits: Infinity, ...request } as const
      const taker = new Taker(full.permits, react)
      takers.push(taker)
      taker.adopt(await broker.subscribe(full, taker))
      return taker
    },
    hasReady(count) {
      return eventually(async () => expect(await queue.ready()).toBe(count), { what: `${count} messages ready` })
    },
  }
}
