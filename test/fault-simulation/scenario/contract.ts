import { fractionOf } from './draw.ts'

/** Messages are of two kinds, told by a header. */
export type Kind = 1 | 2
export type Range = '*' | '<2' | '>=2'

/** The kinds that each version accepts. */
export interface Contract {
  readonly stable: Range
  readonly canary: Range
}

export const schemaHeader = 'schema'
const secondKind = 0.3

export function kindOf(id: string): Kind {
  return fractionOf(`${id} kind`) < secondKind ? 2 : 1
}

export function rangeOf({ stable, canary }: Contract, version: string): Range {
  return version === 'v1' ? stable : canary
}

/** undefined: every version accepts everything. */
export function isAccepted(contract: Contract | undefined, version: string, id: string): boolean {
  const range = contract === undefined ? '*' : rangeOf(contract, version)
  return range === '*' || (range === '<2') === (kindOf(id) === 1)
}
