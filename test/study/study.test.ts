import { describe, expect, it } from 'vitest'
import { serverOpener } from '../integration/support/server.ts'
import { experiments } from './experiments.ts'
import { study } from './study.ts'

describe('whole rollouts on a real broker', () => {
  const openServer = serverOpener()

  it('end as they must, and as the simulator says', async () => {
    const rows = await study(await openServer(), {
      experiments,
      runs: ({ runs }) => runs.slice,
      parallel: 2,
      seed: 1,
      say: (line) => console.log(line),
    })
    expect(rows.length).toBeGreaterThan(experiments.length)
    expect(rows.filter(({ passes }) => !passes)).toEqual([])
  })
})
