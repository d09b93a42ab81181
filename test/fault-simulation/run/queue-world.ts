import { isDeepStrictEqual } from 'node:util'
import { compareOrder } from '../../../src/core/rollout/order.ts'
import type { QueueState } from '../../../src/core/rollout/queue-state.ts'
import { handBackName, queueName } from '../broker/broker-model.ts'
import type { BrokerModel, BrokerWitness } from '../broker/broker-model.ts'
import { openBroker } from '../broker/open-broker.ts'
import type { OpenBroker } from '../broker/open-broker.ts'
import type { Writing } from '../check/events.ts'
import { Facts } from '../check/facts.ts'
import { lineOf } from '../check/lines.ts'
import { RareStates } from '../check/rare-states.ts'
import { Referee } from '../check/referee.ts'
import { streamOf } from '../scenario/draw.ts'
import type { World } from './world.ts'

/** One queue of a run: its broker, its traffic, its document, and those who watch. */
export class QueueWorld {
  readonly name: string
  /** Of its records in the store. */
  readonly prefix: string
  readonly stateKey: string
  readonly facts: Facts
  readonly referee: Referee
  readonly rare: RareStates
  readonly broker: BrokerModel
  readonly connect: OpenBroker['connect']
  readonly #world: World
  #published = 0
  #isTrafficOn = true
  /** Each document that was ever written, by its order. */
  readonly #past = new Map<string, readonly QueueState[]>()
  #parsed: { readonly text: string; readonly state: QueueState } | undefined

  constructor(world: World, name: string) {
    const { scenario, policy, timeline, violations } = world
    this.#world = world
    this.name = name
    this.prefix = `default/${name}/`
    this.stateKey = `${this.prefix}state`
    this.facts = new Facts(scenario, policy)
    this.referee = new Referee(this.facts, () => timeline.now, violations)
    this.rare = new RareStates(this.facts)
    const { model, connect } = openBroker(scenario, timeline, this.#brokerWitness())
    this.broker = model
    this.connect = connect
  }

  get published(): number {
    return this.#published
  }

  get backlog(): number {
    return this.broker.depth(queueName) + this.broker.depth(handBackName)
  }

  /** Messages come at random until `endTraffic`. */
  beginTraffic(): void {
    const { scenario, timeline } = this.#world
    const random = streamOf(scenario.seed, this === this.#world.lead ? 'traffic' : `traffic of ${this.name}`)
    const next = (): void => {
      const gapMs = (-Math.log(1 - random()) * 1_000) / scenario.messagesPerSecond
      timeline.after(gapMs, () => {
        if (!this.#isTrafficOn) return
        this.publish(1)
        next()
      })
    }
    next()
  }

  endTraffic(): void {
    this.#isTrafficOn = false
  }

  publish(count: number): void {
    for (let index = 0; index < count; index++) this.broker.publish(`m${++this.#published}`)
  }

  /** The document in a text of the store. Read once: everybody is answered the same one many times. */
  stateIn(text: string | undefined): QueueState | undefined {
    if (text === undefined) return undefined
    if (this.#parsed?.text !== text) this.#parsed = { text, state: JSON.parse(text).content }
    return this.#parsed.state
  }

  stored({ key, value, isFirst, by }: Record<'key' | 'value' | 'by', string> & { readonly isFirst: boolean }): void {
    const at = this.#world.timeline.now
    this.tell('stored', { at, key, value })
    const after = key === this.stateKey ? this.stateIn(value) : undefined
    if (after !== undefined) this.#written({ at, by, before: isFirst ? undefined : this.facts.state, after })
  }

  rewound(text: string | undefined): void {
    this.tell('rewound', { at: this.#world.timeline.now, state: this.stateIn(text) })
  }

  /** Everything that happens to the queue passes here. */
  readonly tell: Referee['tell'] = (kind, happening) => {
    const line = lineOf(kind, happening)
    if (line !== undefined) this.#world.onTell(kind, line)
    this.rare.look(kind, happening)
    this.referee.tell(kind, happening)
  }

  /** Whoever writes again what the store took back decides nothing: it is as if it had not gone back. */
  #written(writing: Writing): void {
    const { at, after } = writing
    const order = `${after.generation}/${after.epoch}/${after.sequence}`
    const written = this.#past.get(order) ?? []
    const isAgain = written.some((past) => isDeepStrictEqual(past, after))
    if (isAgain && this.facts.rewinds > 0 && isForward(writing)) return this.tell('rewound', { at, state: after })
    if (!isAgain) this.#past.set(order, [...written, after])
    this.tell('writing', writing)
  }

  #brokerWitness(): BrokerWitness {
    const { tell } = this
    const { timeline } = this.#world
    return {
      added: (message, queue) => tell('added', { at: timeline.now, message, queue }),
      settled: (dispatch, how, claimed) => tell('settlement', { at: timeline.now, dispatch, how, claimed }),
      misdirected: (claimed) => tell('misdirected', { at: timeline.now, claimed }),
      handedBack: (message, claimed) => tell('handedBack', { at: timeline.now, message, claimed }),
      putOff: (message, claimed, isCopy) => tell('putOff', { at: timeline.now, message, claimed, isCopy }),
      removed: (message, how) => tell('removal', { at: timeline.now, message, how }),
    }
  }
}

function isForward({ before, after }: Writing): boolean {
  return before === undefined || (compareOrder(after, before) ?? -1) >= 0
}
