import { existsSync } from 'node:fs'
import type { Clock } from '../contracts/clock.ts'
import type { Store } from '../contracts/store.ts'
import { QueueCanaryError } from '../errors.ts'
import { systemClock } from '../worker/system-clock.ts'
import type { Place } from './command.ts'
import { createComposition } from './compose.ts'
import { parseStoreSettings } from './environment.ts'
import type { Io } from './io.ts'
import { listed } from './listed.ts'

/** What a command works on that only looks at records. */
export interface Session {
  readonly store: Store
  readonly namespace: string
  readonly clock: Clock
}

/** Opens the store that the options or the environment name, and closes it when the work is done. */
export async function withSession<T>(place: Place, io: Io, work: (session: Session) => Promise<T>): Promise<T> {
  const settings = parseStoreSettings(io.env, place)
  if (!settings.ok)
    throw new QueueCanaryError('ENVIRONMENT_INVALID', listed('the store cannot be opened', settings.problems))
  const { store: where, namespace } = settings.place
  if (where.kind === 'memory') {
    const why = 'a memory: store lives inside the process of its workers and cannot be reached from another one'
    throw new QueueCanaryError(
      'ENVIRONMENT_INVALID',
      `${why}: use one that both can reach, such as sqlite:PATH on one host`,
    )
  }
  // A worker makes the file; a command that made it would hide a mistyped path.
  if (where.kind === 'sqlite' && !existsSync(where.path)) {
    const why = `there is no store at ${where.path}`
    throw new QueueCanaryError('NOT_FOUND', `${why}: start the workers first, and check --store and QUEUE_CANARY_STORE`)
  }
  const clock = systemClock()
  const store = await createComposition(clock).openStore(where)
  try {
    return await work({ store, namespace, clock })
  } finally {
    await store.close()
  }
}
