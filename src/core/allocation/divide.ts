/**
 * Divides a whole number among consumers in proportion to what each can use, exactly: the parts add up to `min(total, sum of capacities)` and
 * none exceeds its capacity. Largest remainders first, then the order given.
 */
export function divide(total: number, capacities: readonly number[]): readonly number[] {
  const room = capacities.reduce((sum, capacity) => sum + capacity, 0)
  const whole = Math.min(total, room)
  if (whole <= 0) return capacities.map(() => 0)
  const exact = capacities.map((capacity) => (whole * capacity) / room)
  const parts = exact.map(Math.floor)
  const left = whole - parts.reduce((sum, part) => sum + part, 0)
  const byRemainder = exact
    .map((value, index) => ({ index, remainder: value - Math.floor(value) }))
    .toSorted((a, b) => b.remainder - a.remainder)
  for (const { index } of byRemainder.slice(0, left)) parts[index] = (parts[index] ?? 0) + 1
  return parts
}

/** Gives `units` one at a time to whoever holds least of what it wants; returns what each gets. Nobody gets beyond its want. */
export function level(
  units: number,
  holders: readonly { readonly held: number; readonly want: number }[],
): readonly number[] {
  const [only] = holders
  if (only !== undefined && holders.length === 1) {
    const part = Math.min(Math.floor(units), Math.ceil(only.want - only.held))
    return [part > 0 ? part : 0]
  }
  const given = holders.map(() => 0)
  const lacking = (index: number) => (holders[index]?.want ?? 0) - (holders[index]?.held ?? 0) - (given[index] ?? 0)
  for (let left = Math.floor(units); left > 0; left -= 1) {
    const neediest = holders.reduce((best, _, index) => (lacking(index) > lacking(best) ? index : best), 0)
    if (holders.length === 0 || lacking(neediest) <= 0) break
    given[neediest] = (given[neediest] ?? 0) + 1
  }
  return given
}
