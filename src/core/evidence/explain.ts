import type { Attempts } from './half-space.ts'
import type { Evidence, Suspicion } from './judge-evidence.ts'

/** What was seen, what it is compared with, and how much evidence there is, in one sentence. */
export function explainVerdict(evidence: Evidence, suspicion: Suspicion): string {
  const strongest = evidence.latency > evidence.failures ? 'latency' : 'failures'
  const what =
    strongest === 'latency'
      ? 'the canary is slower than the stable version beyond the tolerance'
      : `the canary failed ${rateOf(evidence.canary)}, the stable version ${rateOf(evidence.stable)}`
  const amount = Math.max(suspicion.evidence, evidence.combined)
  const verdict = suspicion.rollback ? 'enough to roll back' : 'too much to raise the share'
  return `${strongest}: ${what}; evidence ${short(amount)} of ${short(evidence.needed)} (p = ${short(1 / Math.max(1, amount))}): ${verdict}`
}

/** What is missing until the canary is proven not to be worse by the margin. */
export function explainProof(evidence: Evidence): string {
  const { promotion, promotionNeeded, margin, messagesToPromote } = evidence
  const more =
    messagesToPromote === undefined
      ? ''
      : `; about ${Math.ceil(messagesToPromote)} canary messages more if it is as good`
  return `failures: the canary failed ${rateOf(evidence.canary)}, the stable version ${rateOf(evidence.stable)}; proof that it is not worse by ${percent(margin)}: ${short(promotion)} of ${short(promotionNeeded)}${more}`
}

function rateOf({ messages, failed }: Attempts): string {
  return messages === 0 ? 'nothing yet' : `${failed} of ${messages} (${percent(failed / messages)})`
}

export function percent(fraction: number): string {
  return `${Number((100 * fraction).toPrecision(2))} %`
}

function short(value: number): string {
  return value >= 1e6 ? value.toExponential(1) : `${Number(value.toPrecision(3))}`
}
