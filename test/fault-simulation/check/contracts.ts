import { isAccepted } from '../scenario/contract.ts'
import type { Invariant } from './invariant.ts'

export const acceptedOnly: Invariant = {
  name: 'accepted-only',
  says: 'A version handles no message of a kind that it does not accept.',
  watch: ({ scenario: { contract } }) => ({
    start: ({ version, message, container }) =>
      isAccepted(contract, version, message)
        ? undefined
        : `${container} started ${message}, which ${version} does not accept`,
  }),
}
