/**
 * The law that grants permits. `taken <= weight x total` holds cumulatively over a step, up to the messages that pass while a grant is on its
 * way, and up to a small burst. What is told of more than two seconds late, or passed before
 * the step, is made up for by nobody.
 *
 * `total` is what reports say; it is late. `ratePerMs x horizonMs` stands for what has passed since and will pass until the next grant, so
 * that the canary neither trails behind nor runs ahead. A canary that could not use its permits (too slow, cut off) gets at most
 * `reserveMs` of them back: it never catches up on a stable version that has moved on.
 */
export interface PermitLaw extends Pace {
  /** Percent, 0 to 100 (exclusive: at 100 no permits are needed). */
  readonly weight: number
  /** Messages taken in this step: by both versions, and by the canary. */
  readonly total: number
  readonly canary: number
  /** Permits granted in this step that no report shows as used yet. */
  readonly unused: number
  /** Largest number of permits that may lie unused. */
  readonly burst: number
  readonly forgone: number
}

/** How fast the queue moves and how late news is, as the coordinator measures it. */
export interface Pace {
  /** Messages taken from the queue per millisecond, both versions. */
  readonly ratePerMs: number
  /** From a message's being taken to the moment when a grant that knows of it has taken effect, and until the next one. */
  readonly horizonMs: number
  /** Messages among the totals that nobody makes up for: they are told of too late, or passed before the step (see `takings.ts`). */
  readonly belated: number
}

export interface Permission {
  /** New permits to give out now. */
  readonly grant: number
  /** The step's `forgone`, from now on. */
  readonly forgone: number
}

/** How much of its missed share a canary may make up for. */
const reserveMs = 2_000

export function permit(law: PermitLaw): Permission {
  const share = law.weight / 100
  const due = share * (law.total + law.ratePerMs * law.horizonMs)
  const reserve = law.burst + share * law.ratePerMs * reserveMs
  // What is older than the step is not among its messages.
  const before = law.forgone + share * Math.min(law.belated, law.total)
  const missed = due - before - law.canary - law.unused
  const forgone = before + Math.max(0, missed - reserve)
  const open = Math.floor(due - forgone - law.canary - law.unused + tolerance)
  return { grant: Math.max(0, Math.min(open, law.burst - law.unused)), forgone }
}

/**
 * A grant lasts until the next one is due. Where that is late (a coordinator that stands still for a moment, a slow store), the consumer goes on
 * at the pace of before, for `bridgeMs` at most: then it runs dry. What it took is in its report, so the next grant is so much smaller.
 */
export interface Bridge {
  readonly permitsPerMs: number
  /** From the moment when the grant was obeyed. */
  readonly afterMs: number
}

const bridgeMs = 250

/** Permits beyond the granted ones, `sinceMs` after the grant was obeyed. */
export function bridged({ permitsPerMs, afterMs }: Bridge, sinceMs: number): number {
  return Math.floor(permitsPerMs * Math.min(bridgeMs, Math.max(0, sinceMs - afterMs)))
}

/** 1 % of 300 is 3, not 2.9999999999999996. */
const tolerance = 1e-9
