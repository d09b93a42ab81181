import { setTimeout as pause } from 'node:timers/promises'
import type { Running } from '../../support/processes.ts'
import type { FaultCase } from './fault-run.ts'
import { aftermathMs, leaseMs } from './fault-times.ts'

/** What can befall a rollout in the middle of a step. */
export const faults = {
  canaryKilled: {
    name: 'kill -9 of the canary, which is started again',
    async inflict({ stage, canary, handler }) {
      canary.signal('SIGKILL')
      await canary.exited()
      await stage.worker('v2', { name: 'v2 again', handler })
      return [canary.pid]
    },
  },
  stableKilled: {
    name: 'kill -9 of a stable worker',
    async inflict({ stable }) {
      stable.signal('SIGKILL')
      await stable.exited()
      return [stable.pid]
    },
  },
  coordinatorKilled: {
    name: 'kill -9 of the coordinator',
    async inflict({ coordinator }) {
      coordinator.signal('SIGKILL')
      await coordinator.exited()
      return [coordinator.pid]
    },
  },
  connectionsClosed: {
    name: 'all connections closed by the broker',
    async inflict({ stage }) {
      await stage.control?.closeAllConnections()
      return undefined
    },
  },
  brokerRestarted: {
    name: 'a restart of the broker',
    async inflict({ stage }) {
      await stage.control?.restart()
      return undefined
    },
  },
  brokerKilled: {
    name: 'kill -9 of the broker',
    async inflict({ stage }) {
      await stage.control?.kill()
      await stage.control?.start()
      return undefined
    },
  },
  coordinatorStopped: {
    name: 'a coordinator that stands still for three leases and comes back',
    inflict: ({ coordinator }) => standStill(coordinator),
  },
  canaryStopped: {
    name: 'a canary that stands still for three leases and comes back',
    inflict: ({ canary }) => standStill(canary),
  },
} as const satisfies Record<string, FaultCase>

async function standStill(process: Running): Promise<readonly number[]> {
  process.signal('SIGSTOP')
  await pause(3 * leaseMs)
  process.signal('SIGCONT')
  await pause(aftermathMs)
  return [process.pid]
}
