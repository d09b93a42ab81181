import type { Check } from '../check.ts'
import { cost } from './cost.ts'
import { slowSuccesses, stickyRetries } from './counting.ts'
import { detection, efficiency, lateOnset, total } from './detection.ts'
import { oneMessage, vectors } from './exact.ts'
import { driftingShare, falseRollbacks } from './false-rollbacks.ts'
import { latency } from './latency.ts'
import { promotion } from './promotion.ts'
import { ramp } from './ramp.ts'

/** In the order of their numbers. */
export const checks: readonly Check[] = [
  vectors,
  oneMessage,
  falseRollbacks,
  detection,
  efficiency,
  total,
  lateOnset,
  promotion,
  slowSuccesses,
  stickyRetries,
  driftingShare,
  latency,
  ramp,
  cost,
]
