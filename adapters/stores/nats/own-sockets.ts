import { AsyncLocalStorage } from 'node:async_hooks'
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { Socket } from 'node:net'

/** Node tells of each socket that a client opens. https://nodejs.org/api/diagnostics_channel.html (net.client.socket) */
const channel = 'net.client.socket'
const opener = new AsyncLocalStorage<OwnSockets>()

/** The sockets that some code of a driver opens. The NATS client keeps the one of a server that accepts and never greets, whatever it is told. */
export class OwnSockets {
  readonly #sockets = new Set<Socket>()
  #isOver = false

  async during<T>(act: () => Promise<T>): Promise<T> {
    const meet = (message: unknown): void => {
      if (opener.getStore() === this) this.#meet(message)
    }
    subscribe(channel, meet)
    try {
      return await opener.run(this, act)
    } finally {
      unsubscribe(channel, meet)
    }
  }

  /** Those that are still to come, too. */
  destroy(): void {
    this.#isOver = true
    for (const socket of this.#sockets) socket.destroy()
  }

  #meet(message: unknown): void {
    const socket: unknown = Object(message).socket
    if (!(socket instanceof Socket)) return
    this.#sockets.add(socket)
    if (this.#isOver) socket.destroy()
  }
}
