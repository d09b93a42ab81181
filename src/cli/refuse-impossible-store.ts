import { requireDriver } from '../../adapters/stores/remote/load-driver.ts'
import { checkPlace } from '../../adapters/stores/sqlite/place.ts'
import type { StoreSettings } from './environment-readers.ts'

/** Rejects with `STORE_REFUSED` where a store can never work: its driver is not installed, or no file can be at its path. Connects to nothing. */
export async function refuseImpossibleStore(where: StoreSettings): Promise<void> {
  if (where.kind === 'memory') return
  if (where.kind === 'sqlite') checkPlace(where.path)
  else await requireDriver(where.kind)
}
