import { createServer } from 'node:net'

/** Below the ports that systems give to outgoing connections (from 32768 on Linux): one of those could take the port while its server restarts. */
const range = { first: 20_000, count: 12_000 }
const attempts = 100

/** Ports that were free a moment ago, and are told apart by being taken together. */
export async function freePorts(count: number): Promise<number[]> {
  let trouble: unknown
  const taken: Array<{ readonly port: number; readonly release: () => Promise<void> }> = []
  for (let attempt = 0; taken.length < count && attempt < attempts; attempt++) {
    const port = range.first + Math.floor(Math.random() * range.count)
    try {
      taken.push({ port, release: await take(port) })
    } catch (error) {
      trouble = error
    }
  }
  await Promise.all(taken.map(({ release }) => release()))
  if (taken.length < count)
    throw new Error(`found ${taken.length} of ${count} free ports in ${attempts} attempts`, { cause: trouble })
  return taken.map(({ port }) => port)
}

/** Resolves to how to release the port. */
function take(port: number): Promise<() => Promise<void>> {
  const listener = createServer()
  const release = (): Promise<void> => new Promise((resolve) => listener.close(() => resolve()))
  return new Promise((resolve, reject) => {
    listener.once('error', reject)
    listener.listen(port, () => resolve(release))
  })
}
