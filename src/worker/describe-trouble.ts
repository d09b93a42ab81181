import { isQueueCanaryError } from '../errors.ts'
import { describeThrown } from './describe-thrown.ts'

/** For logs and reports: the framework's own errors in full (they hold no secret), of any other only its class. */
export function describeTrouble(error: unknown): string {
  return isQueueCanaryError(error) ? `${error.code}: ${error.message}` : describeThrown(error)
}
