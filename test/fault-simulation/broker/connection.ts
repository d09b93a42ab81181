import type { Random } from '../../../src/simulate/random.ts'
import type { Container } from '../time/container.ts'
import type { Timeline } from '../time/timeline.ts'

/** How far both sides of a network are apart, one way. */
export interface Distance {
  latencyMs(): number
}

/** What each side hears of the end of a connection, and when. */
export interface Cut {
  readonly clientNoticesMs: number
  readonly serverNoticesMs: number
}

/**
 * One connection of a process to a server: each direction keeps its order, and what is under way when it is cut arrives nowhere. Neither side
 * knows at once.
 */
export class Connection {
  readonly container: Container
  readonly #timeline: Timeline
  readonly #distance: Distance
  readonly #onServer: () => void
  readonly #onClient: () => void
  #isSevered = false
  #serverKnows = false
  #clientKnows = false
  #serverAt = 0
  #clientAt = 0

  constructor(
    container: Container,
    network: { readonly timeline: Timeline; readonly distance: Distance },
    ends: { readonly onServer: () => void; readonly onClient: () => void },
  ) {
    this.container = container
    this.#timeline = network.timeline
    this.#distance = network.distance
    this.#onServer = ends.onServer
    this.#onClient = ends.onClient
    container.onDeath(() => this.#closedByDeath())
  }

  /** False as soon as the server has given it up. */
  get isOpenAtServer(): boolean {
    return !this.#serverKnows
  }

  /** False as soon as the process knows that it is gone. */
  get isOpenAtClient(): boolean {
    return !this.#clientKnows
  }

  toServer(act: () => void): void {
    this.#serverAt = Math.max(this.#serverAt, this.#timeline.now + this.#distance.latencyMs())
    this.#timeline.at(this.#serverAt, () => {
      if (!this.#isSevered) act()
    })
  }

  toClient(act: () => void): void {
    this.#clientAt = Math.max(this.#clientAt, this.#timeline.now + this.#distance.latencyMs())
    this.#timeline.at(this.#clientAt, () => {
      if (!this.#isSevered) this.container.receive(act)
    })
  }

  cut({ clientNoticesMs, serverNoticesMs }: Cut): void {
    if (this.#isSevered) return
    this.#isSevered = true
    this.#timeline.after(serverNoticesMs, () => this.#tellServer())
    this.container.after(clientNoticesMs, () => {
      this.#clientKnows = true
      this.#onClient()
    })
  }

  /** The process closes it: what it has sent arrives first. */
  close(): void {
    this.#clientKnows = true
    this.toServer(() => {
      this.#isSevered = true
      this.#tellServer()
    })
  }

  /** The kernel of a dead process sends what was written, then closes. */
  #closedByDeath(): void {
    if (!this.#isSevered) this.close()
  }

  #tellServer(): void {
    if (this.#serverKnows) return
    this.#serverKnows = true
    this.#onServer()
  }
}

export function distance(random: Random, limits: { readonly leastMs: number; mostMs: number }): Distance {
  return { latencyMs: () => limits.leastMs + random() * (limits.mostMs - limits.leastMs) }
}
