import type { Attempts } from './half-space.ts'
import type { Evidence, Suspicion } from './judge-evidence.ts'

/** The metric that speaks loudest against the canary. */
export function loudest(evidence: Evidence, suspicion: Suspicion): 'latency' | 'failures' {
  return isEarly(evidence, suspicion) ? 'failures' : evidence.loudest
}

/** Only failures can be told from messages that are still under way. */
function isEarly({ combined }: Evidence, { evidence }: Suspicion): boolean {
  return evidence > combined
}

/** How much evidence there is against the canary, of what, and what it rests on. */
export function explainEvidence(evidence: Evidence, suspicion: Suspicion): string {
  const amount = Math.max(suspicion.evidence, evidence.combined)
  const what = loudest(evidence, suspicion) === 'latency' ? 'is slower' : 'fails more'
  const basis = isEarly(evidence, suspicion) ? ', with those that have not settled' : ''
  const pValue = 1 / Math.max(1, amount)
  return `evidence ${short(amount)} of ${short(evidence.needed)} that it ${what} (p = ${short(pValue)}): ${seen(evidence)}${basis}`
}

/** How much proof there is that the canary is not worse by the margin, what it rests on, and what is missing. */
export function explainProof(evidence: Evidence): string {
  const { promotion, promotionNeeded, margin, messagesToPromote = Infinity, proven } = evidence
  const proof = `proof ${short(promotion)} of ${short(promotionNeeded)} that it is not worse by ${percent(margin)}: ${seen(evidence)}`
  // Where next to nothing can be learnt (hardly any stable traffic, an outage), it is no number.
  if (proven || messagesToPromote === Infinity) return proof
  return `${proof}; about ${Math.ceil(messagesToPromote)} canary messages more if it is as good`
}

export function percent(fraction: number): string {
  return `${Number((100 * fraction).toPrecision(2))} %`
}

function seen({ canary, stable }: Evidence): string {
  return `failed ${rateOf(canary)}, stable ${rateOf(stable)}`
}

function rateOf({ messages, failed }: Attempts): string {
  return messages === 0 ? '0 of 0' : `${failed} of ${messages} (${percent(failed / messages)})`
}

function short(value: number): string {
  return value >= 1e6 ? value.toExponential(1) : `${Number(value.toPrecision(2))}`
}
