import type { Work } from './work.ts'

/** What a handler of batches returned is not what it may return: nobody can tell which messages it handled. */
export class BatchResultError extends Error {
  override readonly name = 'BatchResultError'
}

/** A handler of batches reported the failure of a message, and no reason. */
class ReportedFailure extends Error {
  override readonly name = 'ReportedFailure'
}

/**
 * Why each message of the batch failed, in their order; undefined for those that succeeded. Throws `BatchResultError` for a result that cannot be
 * understood. Getters of the result may throw anything.
 */
export function failuresIn(result: unknown, works: readonly Work[]): readonly (Failure | undefined)[] {
  if (result === undefined) return works.map(() => undefined)
  if (typeof result !== 'object' || result === null || !('failures' in result) || !Array.isArray(result.failures))
    throw new BatchResultError('a handler of batches returns nothing or { failures: [{ id, reason }] }')
  const found = new Map(result.failures.map(failureOf))
  const ids = works.map(({ delivery }) => delivery.message.id)
  if ([...found.keys()].some((id) => !ids.includes(id)))
    throw new BatchResultError('a handler of batches named the failure of a message that is not in the batch')
  return ids.map((id) => found.get(id))
}

export interface Failure {
  readonly reason: unknown
}

function failureOf(value: unknown): [id: string, failure: Failure] {
  if (typeof value === 'object' && value !== null && 'id' in value && typeof value.id === 'string')
    return [value.id, { reason: 'reason' in value ? value.reason : new ReportedFailure() }]
  throw new BatchResultError('a failure of a batch has the id of its message')
}
