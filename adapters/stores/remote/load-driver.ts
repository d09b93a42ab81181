import { QueueCanaryError } from '../../../src/errors.ts'

/** The package that each store needs, and the release that it was tested with. They are no dependencies: who uses a store installs its driver. */
const drivers = { redis: 'redis@6', nats: '@nats-io/transport-node@3', postgres: 'pg@8' } as const

/** Resolves to the driver's module. A driver that is not installed is `STORE_REFUSED`, with what to install. */
export async function loadDriver<T>(store: keyof typeof drivers, load: () => Promise<T>): Promise<T> {
  try {
    return await load()
  } catch (error) {
    if (!isMissing(error)) throw error
    throw new QueueCanaryError(
      'STORE_REFUSED',
      `the ${store} store needs a package that is not installed: npm install ${drivers[store]}`,
      { cause: error },
    )
  }
}

/** Rejects with `STORE_REFUSED` where the driver is not installed. */
export async function requireDriver(store: keyof typeof drivers): Promise<void> {
  const name = drivers[store].replace(/@\d+$/, '')
  await loadDriver(store, () => import(name))
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ERR_MODULE_NOT_FOUND'
}
