import { referenceTable } from '../schema/reference-table.ts'
import { policyReader } from './policy-reader.ts'
import { presets } from './presets.ts'

/** A Markdown table of every key of the policy file: key, values, default, meaning. */
export function policyReference(): string {
  return referenceTable(policyReader(presets.standard))
}
