import type { JudgeOptions } from '../../../src/core/evidence/judge-options.ts'

/** Failures alone, by the defaults of a policy; with what is given instead. */
export function judgeOptions(parts: Partial<JudgeOptions> = {}): JudgeOptions {
  return {
    significanceLevel: 0.01,
    promotionErrorRate: 0.05,
    failures: { rollbackMargin: 0.1, nonInferiorityMargin: { absolute: 0.005, relative: 0.5 }, weight: 0.7 },
    latency: undefined,
    ceiling: undefined,
    ...parts,
  }
}

/** The same without a margin: a canary that is a little worse is bad already. */
export const strictOptions = judgeOptions({
  failures: { rollbackMargin: 0, nonInferiorityMargin: { absolute: 0.005, relative: 0.5 }, weight: 0.7 },
})

export const everyTest = judgeOptions({ latency: { shift: 5, weight: 0.3 }, ceiling: { rate: 0.2, weight: 0.3 } })
