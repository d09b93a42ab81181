import type { Mutant } from './mutant.ts'

const file = 'src/core/rollout/follow-group.ts'

/** Of rollouts over several queues. */
export const groupMutants: readonly Mutant[] = [
  {
    name: 'vote-is-commit',
    says: 'a queue commits as soon as the first one is ready to, which may still go back',
    patches: [
      { file, find: "peer.kind === 'committed'\n  return peer", put: "peer.kind !== 'takenBack'\n  return peer" },
    ],
    violates: ['decided-together'],
    foundBy: 2460,
  },
  {
    name: 'vote-is-free',
    says: 'a queue that has voted for the commit goes back by itself',
    patches: [
      { file, find: 'if (group === undefined || !hasVoted(rollout) || phase', put: 'if (group !== null || phase' },
      {
        file,
        find: "|| next.state.phase !== 'RollingBack') return next",
        put: "|| next.state.phase !== '') return next",
      },
    ],
    violates: ['decided-together'],
    foundBy: 7478,
  },
  {
    name: 'steps-alone',
    says: 'a queue takes the next step when its own evidence is there, whatever the others say',
    patches: [{ file, find: 'find((queue) => !lets(look, group, queue))', put: 'find(() => false)' }],
    violates: ['stepped-together', 'decided-together'],
    foundBy: 21,
  },
]
