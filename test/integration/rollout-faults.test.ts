import { describe, expect, it } from 'vitest'
import { testServer } from '../support/rabbitmq.ts'
import { ends, faultReport, rolloutUnder } from './support/fault-run.ts'
import { faults } from './support/faults.ts'
import { useStage } from './support/use-stage.ts'

const { canaryKilled, coordinatorKilled, brokerRestarted } = faults
const ownServer = testServer().control !== undefined

/** Each on one type of queue; on the other type, and more of them, in `rollout-faults.long.ts`. */
describe('a fault of a process in the middle of a step', () => {
  const open = useStage()

  it.each([
    { type: 'quorum', ...canaryKilled },
    { type: 'quorum', ...coordinatorKilled },
  ] as const)('$name ($type queue): the rollout ends, and nothing is lost', { timeout: 180_000 }, async (fault) => {
    const result = await rolloutUnder(fault, await open({ type: fault.type }))
    console.log(faultReport(fault, result))
    expect(ends).toContainEqual({ exit: result.exit, phase: result.status.phase })
  })
})

describe.skipIf(!ownServer)(
  'a fault of the broker in the middle of a step (needs a server of the test run: unset AMQP_URL)',
  () => {
    const open = useStage()

    it.each([{ type: 'classic', ...brokerRestarted }] as const)(
      '$name ($type queue): the rollout ends, and nothing is lost',
      { timeout: 180_000 },
      async (fault) => {
        const result = await rolloutUnder(fault, await open({ type: fault.type }))
        console.log(faultReport(fault, result))
        expect(ends).toContainEqual({ exit: result.exit, phase: result.status.phase })
      },
    )
  },
)
