import { createServer } from 'node:net'

/** Below the ports that systems give to outgoing connections (from 32768 on Linux): one of those could take the port while its server restarts. */
const range = { first: 20_000, count: 12_000 }
const attempts = 100

/** Ports that were free a moment ago, and are told apart by being taken together. */
export async function freePorts(count: number): Promise<number[]> {
  const taken: Array<{ readonly port: number; readonly release: () => Promise<void> }> = []
  for (let attempt = 0; taken.length < count && attempt < attempts; attempt++) {
    const port = range.first + Math.floor(Math.random() * range.count)
    const release = await take(port)
    if (release !== undefined) taken.push({ port, release })
  }
  await Promise.all(taken.map(({ release }) => release()))
  if (taken.length < count) throw new Error(`found ${taken.length} of ${count} free ports in ${attempts} attempts`)
  return taken.map(({ port }) => port)
}

/** How to release the port; undefined where somebody has it. */
function take(port: number): Promise<(() => Promise<void>) | undefined> {
  const listener = createServer()
  const release = (): Promise<void> => new Promise((resolve) => listener.close(() => resolve()))
  return new Promise((resolve) => {
    listener.once('error', () => resolve(undefined))
    listener.listen(port, () => resolve(release))
  })
}
