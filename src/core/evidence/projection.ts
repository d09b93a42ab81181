/**
 * The boundary of a null hypothesis about two failure rates: the canary fails at `slope` times the stable version's rate plus `intercept`.
 * All rates are fractions of one.
 */
export interface Line {
  readonly slope: number
  readonly intercept: number
}

/**
 * The stable rate of the point on the line that looks most like the given rates, when a fraction `share` of the messages goes to the canary:
 * it minimises `share * KL(canary) + (1 - share) * KL(stable)` (the reverse information projection of Turner, Ly and Gruenwald, arXiv
 * 2106.02693). The canary's rate there follows from the line.
 *
 * A line through the origin, or through (1, 1), gives a quadratic; every line that the judge draws is of these kinds. Any other is solved by
 * iteration.
 */
export function project(line: Line, share: number, canary: number, stable: number): number {
  const { slope, intercept } = line
  if (slope === 0) return stable
  if (intercept === 0) return projectThroughOrigin(slope, share, canary, stable)
  if (Math.abs(slope + intercept - 1) < 1e-12) return projectThroughOne(slope, share, canary, stable)
  return solve(line, share, canary, stable)
}

/** The smaller root, written so that nothing cancels. */
function projectThroughOrigin(slope: number, share: number, canary: number, stable: number): number {
  const mean = share * canary + (1 - share) * stable
  const middle = share * (canary + slope) + (1 - share) * (1 + slope * stable)
  return (2 * mean) / (middle + Math.sqrt(Math.max(0, middle * middle - 4 * slope * mean)))
}

/** The positive root, by whichever of its two forms does not cancel. */
function projectThroughOne(slope: number, share: number, canary: number, stable: number): number {
  const intercept = 1 - slope
  const middle = share * (canary - intercept) + (1 - share) * (slope * stable - intercept)
  const product = (1 - share) * stable * intercept
  const root = Math.sqrt(middle * middle + 4 * slope * product)
  return middle > 0 ? (middle + root) / (2 * slope) : (2 * product) / (root - middle)
}

const mostSteps = 100

/** Newton's method inside a bracket that shrinks with every step; a step that would leave it halves it instead. */
function solve(line: Line, share: number, canary: number, stable: number): number {
  const { slope, intercept } = line
  const other = (canary - intercept) / slope
  let low = Math.max(Math.min(stable, other), 0, -intercept / slope)
  let high = Math.min(Math.max(stable, other), 1, (1 - intercept) / slope)
  let x = clamp(share * other + (1 - share) * stable, low, high)
  for (let step = 0; step < mostSteps; step++) {
    const { value, derivative } = gradient(line, share, { canary, stable }, x)
    if (value > 0) low = x
    else high = x
    const newton = x - value / derivative
    const next = newton > low && newton < high ? newton : (low + high) / 2
    if (Math.abs(next - x) <= 1e-16 * x) return next
    x = next
  }
  return x
}

/** Slope of the divergence along the line (its sign turned, so that it falls), and the slope of that. */
function gradient(
  { slope, intercept }: Line,
  share: number,
  rates: { readonly canary: number; readonly stable: number },
  x: number,
): { readonly value: number; readonly derivative: number } {
  const onCanary = score(rates.canary, slope * x + intercept)
  const onStable = score(rates.stable, x)
  return {
    value: share * slope * onCanary.value + (1 - share) * onStable.value,
    derivative: share * slope * slope * onCanary.derivative + (1 - share) * onStable.derivative,
  }
}

function score(rate: number, at: number): { readonly value: number; readonly derivative: number } {
  const variance = at * (1 - at)
  const value = (rate - at) / variance
  return { value, derivative: -(1 + value * (1 - 2 * at)) / variance }
}

function clamp(value: number, low: number, high: number): number {
  return Math.min(high, Math.max(low, value))
}
