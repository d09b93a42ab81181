import type { JsonSchema } from '../schema/reader.ts'
import { policyReader } from './policy-reader.ts'
import { presets } from './presets.ts'

/** JSON Schema (draft 2020-12) of the policy file, for editors. `parsePolicy` knows a few rules between keys that it does not express. */
export function policyJsonSchema(): JsonSchema {
  return {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    title: 'queue-canary policy',
    description: 'How a new version of a queue consumer is released.',
    ...policyReader(presets.standard).schema,
    dependentSchemas: {
      steps: { properties: { stepWeights: false, ramp: false } },
      stepWeights: { properties: { ramp: false } },
    },
  }
}
