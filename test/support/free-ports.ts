import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'

/** Ports that were free a moment ago, and are told apart by being taken together. */
export async function freePorts(count: number): Promise<number[]> {
  const listeners = Array.from({ length: count }, () => createServer())
  const ports = await Promise.all(
    listeners.map(
      (listener) =>
        new Promise<number>((resolve, reject) => {
          listener.once('error', reject)
          listener.listen(0, '127.0.0.1', () => resolve((listener.address() as AddressInfo).port))
        }),
    ),
  )
  await Promise.all(listeners.map((listener) => new Promise((resolve) => listener.close(resolve))))
  return ports
}
