import { QueueCanaryError } from '../../errors.ts'
import { assembleWorkers } from '../assemble-workers.ts'
import type { Place } from '../command.ts'
import type { Composition } from '../compose.ts'
import { parseEnvironment } from '../environment.ts'
import type { Environment } from '../environment.ts'
import { exitCodes } from '../exit-codes.ts'
import type { Io } from '../io.ts'
import { listed } from '../listed.ts'
import { createProcessLog } from '../logger.ts'
import { runCrew } from '../run-crew.ts'

/** Runs the consumers of the environment until they are drained, retired or broken. */
export async function workerCommand(place: Place, io: Io, composition: Composition): Promise<number> {
  const environment = environmentOf(io, place)
  const { log, flush } = createProcessLog(environment.logLevel)
  try {
    const store = await composition.openStore(environment.store)
    try {
      const crew = await assembleWorkers({ environment, cwd: io.cwd, log, store, composition })
      const { broken } = await runCrew(crew, io, { log, clock: composition.clock })
      return broken ? exitCodes.unexpected : exitCodes.done
    } finally {
      await store.close()
    }
  } finally {
    flush()
  }
}

function environmentOf(io: Io, place: Place): Environment {
  const parsed = parseEnvironment(io.env, place)
  if (parsed.ok) return parsed.environment
  throw new QueueCanaryError('ENVIRONMENT_INVALID', listed('the environment describes no worker', parsed.problems))
}
