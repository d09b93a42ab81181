import { backlogDrains, drainEnds, goodIsPromoted, rolloutEnds } from './endings.ts'
import { acceptedOnly } from './contracts.ts'
import { groupsInOrder } from './groups.ts'
import type { Invariant } from './invariant.ts'
import {
  countersGrow,
  deathsCount,
  promotionStands,
  stableLeads,
  stableRegisters,
  tombstonesKept,
} from './leadership.ts'
import {
  keptInvisible,
  nothingLost,
  ownLink,
  redeliveredForAReason,
  returnsBounded,
  settledWithReason,
} from './messages.ts'
import { retiredStaysRetired, retirementNeedsProof, stableFloor, twoVersions } from './retirement.ts'
import {
  abortDominates,
  badIsNotPromoted,
  evidenceBeforePromotion,
  fenced,
  movesAreLegal,
  stepsInOrder,
} from './rollout.ts'
import { nothingTold } from './secrets.ts'
import { decidedTogether, steppedTogether } from './together.ts'
import { budgetKept, dividedExactly, fresh, orderKept, shareKept, withinAllocation } from './share.ts'

/** What holds at every step of every run, whatever fails; in the order of the design. */
export const invariants: readonly Invariant[] = [
  settledWithReason,
  nothingLost,
  redeliveredForAReason,
  ownLink,
  withinAllocation,
  dividedExactly,
  shareKept,
  budgetKept,
  fresh,
  stableFloor,
  evidenceBeforePromotion,
  badIsNotPromoted,
  stepsInOrder,
  steppedTogether,
  decidedTogether,
  deathsCount,
  countersGrow,
  retirementNeedsProof,
  retiredStaysRetired,
  tombstonesKept,
  promotionStands,
  twoVersions,
  stableLeads,
  stableRegisters,
  orderKept,
  fenced,
  movesAreLegal,
  abortDominates,
  rolloutEnds,
  drainEnds,
  goodIsPromoted,
  backlogDrains,
  returnsBounded,
  keptInvisible,
  groupsInOrder,
  acceptedOnly,
  nothingTold,
]
