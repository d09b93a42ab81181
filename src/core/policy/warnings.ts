import type { Assumed, Warning } from './assumed.ts'
import { freezeWarnings } from './freeze-warnings.ts'
import { idleSettings } from './idle-settings.ts'
import { marginWarnings } from './margin-warnings.ts'
import type { Policy } from './policy.ts'
import { rampWarnings } from './ramp-warnings.ts'

/** Why a policy cannot work as it is meant to, with the numbers; empty where nothing speaks against it. */
export function warningsOf(policy: Policy, assumed: Assumed): readonly Warning[] {
  return [
    ...rampWarnings(policy, assumed),
    ...marginWarnings(policy, assumed),
    ...idleSettings(policy),
    ...freezeWarnings(policy),
  ]
}
