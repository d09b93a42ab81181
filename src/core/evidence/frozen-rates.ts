/**
 * What is assumed of a cohort is fixed before it begins, so that it means the same while the cohort is open (see `closeCohorts`) as when it is
 * settled. Entries say from which cohort on they hold. There are few: a new one is made only when something moved by more than 3 %, and none
 * while there is no room; an old assumption costs power, never validity.
 */
export type FrozenRates = readonly FrozenRate[]

export interface FrozenRate {
  readonly from: number
  /** The guess at the stable version's failure rate. */
  readonly rate: number
  /** What counts are divided by (see `inflationOf`). */
  readonly inflation: number
}

const mostEntries = 8
const negligible = 0.03

/** What holds for this cohort. */
export function frozenFor(rates: FrozenRates, cohort: number): FrozenRate {
  return rates.findLast(({ from }) => from <= cohort) ?? rates[0] ?? unknown
}

const unknown: FrozenRate = { from: 0, rate: 0.01, inflation: 1 }

/** Fixes the newest assumption for the cohorts after `opened`, and forgets what no cohort after `closed` needs. */
export function freeze(
  rates: FrozenRates,
  newest: Omit<FrozenRate, 'from'>,
  { opened, closed }: { readonly opened: number; readonly closed: number },
): FrozenRates {
  const last = rates.at(-1)
  const extended = last !== undefined && !differs(last, newest) ? rates : extend(rates, { ...newest, from: opened + 1 })
  if (extended.length === 1) return extended
  return extended.slice(
    Math.max(
      0,
      extended.findLastIndex(({ from }) => from <= closed + 1),
    ),
  )
}

function extend(rates: FrozenRates, entry: FrozenRate): FrozenRates {
  const others = rates.at(-1)?.from === entry.from ? rates.slice(0, -1) : rates
  return others.length < mostEntries ? [...others, entry] : rates
}

function differs(a: FrozenRate, b: Omit<FrozenRate, 'from'>): boolean {
  return (
    Math.abs(b.rate - a.rate) > negligible * a.rate || Math.abs(b.inflation - a.inflation) > negligible * a.inflation
  )
}
