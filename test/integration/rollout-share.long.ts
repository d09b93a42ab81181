import { describe, expect, it } from 'vitest'
import { measureShares, offTarget, shareTable } from './support/share-run.ts'
import { useStage } from './support/use-stage.ts'

/** What `rollout-share.test.ts` leaves out because it takes long: every regime on both types of queue, 20 messages a second among them. */
const regimes = [
  { title: '20 a second', perSecond: 20, seconds: 60 },
  { title: '200 a second', perSecond: 200, seconds: 20 },
  { title: '2,000 a second', perSecond: 2_000, seconds: 10 },
  { title: 'a backlog', perSecond: undefined, seconds: 8 },
] as const
const cases = (['classic', 'quorum'] as const).flatMap((type) => regimes.map((regime) => ({ type, ...regime })))

describe('the share of the messages that the canary gets, at length', () => {
  const open = useStage()

  it.each(cases)(
    'is the target at each step, with $title on a $type queue',
    { timeout: 600_000 },
    async ({ type, title, ...regime }) => {
      const stage = await open({ type })
      const shares = await measureShares(stage, { ...regime, weights: [1, 5, 25, 50] })
      console.log(shareTable(`${title}, ${type}`, shares))
      expect(offTarget(shares, { stallMs: 200 })).toEqual([])
    },
  )
})
