import { lookup } from '../lookup.ts'
import type { VersionFacts } from './observation.ts'
import type { Rollout } from './rollout.ts'

/** In the place of the classes that a consumer has no room for. */
export const otherErrors = '(other)'

/**
 * Failed attempts of the canary since `before` whose class (name and code, never the text) no consumer of the stable version ever raised. None where
 * one of those had no room for all of its classes: the canary's may be among them. What the canary had no room for is not known to be new.
 */
export function novelErrorsIn(
  { stable, canary }: Readonly<Record<'stable' | 'canary', Pick<VersionFacts, 'errors'>>>,
  before: Rollout['errorsBefore'] = {},
): {
  readonly messages: number
  readonly classes: readonly string[]
} {
  if (Object.hasOwn(stable.errors, otherErrors)) return { messages: 0, classes: [] }
  const since = Object.entries(canary.errors).map(
    ([name, count]) => [name, count - (lookup(before, name) ?? 0)] as const,
  )
  const novel = since.filter(
    ([name, count]) => count > 0 && name !== otherErrors && !Object.hasOwn(stable.errors, name),
  )
  return { messages: novel.reduce((sum, [, count]) => sum + count, 0), classes: novel.map(([name]) => name) }
}

/** Failed attempts by class, of several consumers. */
export function sumOfErrors(told: readonly Pick<VersionFacts, 'errors'>[]): VersionFacts['errors'] {
  const sums = new Map<string, number>()
  for (const { errors } of told)
    for (const [name, count] of Object.entries(errors)) sums.set(name, (sums.get(name) ?? 0) + count)
  return Object.fromEntries(sums)
}
