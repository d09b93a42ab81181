import { adapterMutants } from './adapter-mutants.ts'
import { decisionMutants } from './decision-mutants.ts'
import { groupMutants } from './group-mutants.ts'
import type { Mutant } from './mutant.ts'
import { workerMutants } from './worker-mutants.ts'

/** The planted bugs that prove that the simulation bites. */
export const mutants: readonly Mutant[] = [...adapterMutants, ...workerMutants, ...decisionMutants, ...groupMutants]
