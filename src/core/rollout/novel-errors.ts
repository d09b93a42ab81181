import type { Observation } from './observation.ts'

/** Failed attempts of the canary whose class (name and code, never the text) no consumer of the stable version ever raised. */
export function novelErrorsIn({ stable, canary }: Observation): {
  readonly messages: number
  readonly classes: readonly string[]
} {
  const novel = Object.entries(canary.errors).filter(([name]) => !Object.hasOwn(stable.errors, name))
  return { messages: novel.reduce((sum, [, count]) => sum + count, 0), classes: novel.map(([name]) => name) }
}
