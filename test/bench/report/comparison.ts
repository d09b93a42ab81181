import type { Measured } from '../lab/measured.ts'
import { fixed, median, whole } from './figures.ts'
import { table } from './table.ts'

/**
 * Medians of each contestant's runs, and of its ratios to the first contestant's run of the same round: on a busy machine the ratios are the
 * finding.
 */
export function comparison(labels: readonly string[], runs: readonly (readonly Measured[])[]): string {
  const unit = runs[0] ?? []
  const rows = labels.map((label, index) => {
    const own = runs[index] ?? []
    const of = (read: (run: Measured) => number) => median(own.map(read))
    const against = (read: (run: Measured) => number) =>
      median(own.map((run, round) => read(run) / (unit[round] === undefined ? Number.NaN : read(unit[round]))))
    return [
      label,
      whole(of(({ perSecond }) => perSecond)),
      fixed(
        against(({ perSecond }) => perSecond),
        2,
      ),
      fixed(
        of(({ cpuMicros }) => cpuMicros),
        1,
      ),
      fixed(
        against(({ cpuMicros }) => cpuMicros),
        2,
      ),
      whole(of(({ memoryMib }) => memoryMib)),
      fixed(
        of(({ heapMib }) => heapMib),
        1,
      ),
    ]
  })
  return table(['consumer', 'msgs/s', 'x bare', 'CPU us/msg', 'x bare', 'RSS MiB', 'heap MiB'], rows)
}
