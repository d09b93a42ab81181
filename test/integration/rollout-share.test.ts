import { describe, expect, it } from 'vitest'
import { measureShares, offTarget, shareTable } from './support/share-run.ts'
import { useStage } from './support/use-stage.ts'

/** The other regimes are in `rollout-share.long.ts`. */
const regimes = [{ type: 'classic', title: '200 a second', perSecond: 200, seconds: 8 }] as const

describe('the share of the messages that the canary gets', () => {
  const open = useStage()

  it.each(regimes)('is the target at each step, with $title on a $type queue', async ({ type, title, ...regime }) => {
    const stage = await open({ type })
    const shares = await measureShares(stage, { ...regime, weights: [1, 5, 25, 50] })
    console.log(shareTable(`${title}, ${type}`, shares))
    expect(offTarget(shares)).toEqual([])
  })
})
