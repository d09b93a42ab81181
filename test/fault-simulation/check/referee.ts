import { happenings } from './events.ts'
import type { Happening, Happenings } from './events.ts'
import type { Facts } from './facts.ts'
import { invariants } from './invariants.ts'
import type { Violation, Watch } from './invariant.ts'

type Listeners = { readonly [K in Happening]: ((happening: Happenings[K]) => void)[] }

/** Tells the facts and every invariant what happens to one queue, and notes what they find. */
export class Referee {
  readonly #violations: Violation[]
  readonly #facts: Facts
  readonly #now: () => number
  readonly #listeners: Listeners = {
    start: [],
    end: [],
    settlement: [],
    misdirected: [],
    handedBack: [],
    putOff: [],
    added: [],
    removal: [],
    writing: [],
    stored: [],
    rewound: [],
    answer: [],
    state: [],
    killed: [],
    terminated: [],
    exit: [],
    log: [],
    rest: [],
  }

  constructor(facts: Facts, now: () => number, violations: Violation[]) {
    this.#facts = facts
    this.#now = now
    this.#violations = violations
    for (const invariant of invariants) this.#listen(invariant.name, invariant.watch(facts))
  }

  tell<K extends Happening>(kind: K, happening: Happenings[K]): void {
    this.#facts.take(kind, happening)
    for (const listener of this.#listeners[kind]) listener(happening)
  }

  /** What no invariant has a name for: an error that nobody caught. */
  blame(invariant: string, found: string): void {
    this.#violations.push({ invariant, at: this.#now(), found })
  }

  #listen(name: string, watch: Watch): void {
    const hear = <K extends Happening>(kind: K): void => {
      const look: Watch[K] = watch[kind]
      if (look === undefined) return
      this.#listeners[kind].push((happening) => {
        const found = look(happening)
        if (found !== undefined) this.blame(name, found)
      })
    }
    for (const kind of happenings) hear(kind)
  }
}
