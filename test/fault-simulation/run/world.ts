import { isDeepStrictEqual } from 'node:util'
import { parsePolicy } from '../../../src/core/policy/parse-policy.ts'
import type { Policy } from '../../../src/core/policy/policy.ts'
import { compareOrder } from '../../../src/core/rollout/order.ts'
import type { QueueState } from '../../../src/core/rollout/queue-state.ts'
import { distance } from '../broker/connection.ts'
import type { Distance } from '../broker/connection.ts'
import { queueName } from '../broker/broker-model.ts'
import type { BrokerModel, BrokerWitness } from '../broker/broker-model.ts'
import { openBroker } from '../broker/open-broker.ts'
import type { OpenBroker } from '../broker/open-broker.ts'
import type { Writing } from '../check/events.ts'
import { Facts } from '../check/facts.ts'
import { RareStates } from '../check/rare-states.ts'
import { lineOf } from '../check/lines.ts'
import { Referee } from '../check/referee.ts'
import { streamOf } from '../scenario/draw.ts'
import type { Scenario } from '../scenario/scenario.ts'
import { StoreServer } from '../store/store-server.ts'
import { Timeline } from '../time/timeline.ts'

export const stateKey = `default/${queueName}/state`

/** What all processes of a run share: time, broker, store, and those who watch. */
export class World {
  readonly scenario: Scenario
  readonly policy: Policy
  readonly timeline = new Timeline()
  readonly facts: Facts
  readonly referee: Referee
  readonly rare: RareStates
  readonly broker: BrokerModel
  readonly connect: OpenBroker['connect']
  readonly store: StoreServer
  readonly network: Distance
  /** Something that both versions need is away. */
  isOut = false
  /** To be told of everything that happens, in a line. */
  onTell: (kind: string, line: string) => void = () => undefined
  #published = 0
  #isTrafficOn = true
  /** Each document that was ever written, by its order. */
  readonly #past = new Map<string, readonly QueueState[]>()
  #parsed: { readonly text: string; readonly state: QueueState } | undefined

  constructor(scenario: Scenario) {
    const parsed = parsePolicy(scenario.policy)
    if (!parsed.ok) throw new Error(`the scenario's policy is none: ${JSON.stringify(parsed.problems)}`)
    const { timeline } = this
    this.scenario = scenario
    this.policy = parsed.policy
    this.facts = new Facts(scenario, parsed.policy)
    this.referee = new Referee(this.facts, () => timeline.now)
    this.rare = new RareStates(this.facts)
    this.network = distance(streamOf(scenario.seed, 'network'), scenario.network)
    const { model, connect } = openBroker(scenario, timeline, this.#brokerWitness())
    this.broker = model
    this.connect = connect
    this.store = new StoreServer(timeline, this.#storeWitness())
  }

  get published(): number {
    return this.#published
  }

  /** Messages come at random until `endTraffic`. */
  beginTraffic(): void {
    const random = streamOf(this.scenario.seed, 'traffic')
    const next = (): void => {
      const gapMs = (-Math.log(1 - random()) * 1_000) / this.scenario.messagesPerSecond
      this.timeline.after(gapMs, () => {
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

  #brokerWitness(): BrokerWitness {
    const { tell } = this
    return {
      added: (message, queue) => tell('added', { at: this.timeline.now, message, queue }),
      settled: (dispatch, how, claimed) => tell('settlement', { at: this.timeline.now, dispatch, how, claimed }),
      misdirected: (claimed) => tell('misdirected', { at: this.timeline.now, claimed }),
      handedBack: (message, claimed) => tell('handedBack', { at: this.timeline.now, message, claimed }),
      putOff: (message, claimed) => tell('putOff', { at: this.timeline.now, message, claimed }),
      removed: (message, how) => tell('removal', { at: this.timeline.now, message, how }),
    }
  }

  #storeWitness(): ConstructorParameters<typeof StoreServer>[1] {
    const { tell } = this
    return {
      written: (key, before, value, by) => {
        const at = this.timeline.now
        if (value === undefined) return
        tell('stored', { at, key, value })
        if (key !== stateKey) return
        const was = before === undefined ? undefined : this.facts.state
        const after = this.stateIn(value)
        if (after !== undefined) this.#written({ at, by, before: was, after })
      },
      rewound: (documents) => {
        const state = this.stateIn(documents.get(stateKey)?.value)
        tell('rewound', { at: this.timeline.now, state })
      },
    }
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

  /** Everything that happens passes here. */
  readonly tell: Referee['tell'] = (kind, happening) => {
    const line = lineOf(kind, happening)
    if (line !== undefined) this.onTell(kind, line)
    this.rare.look(kind, happening)
    this.referee.tell(kind, happening)
  }
}

function isForward({ before, after }: Writing): boolean {
  return before === undefined || (compareOrder(after, before) ?? -1) >= 0
}
