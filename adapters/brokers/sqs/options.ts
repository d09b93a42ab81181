import type { SQSClientConfig } from '@aws-sdk/client-sqs'
import type { Clock } from '../../../src/contracts/clock.ts'
import type { Logger } from '../../../src/contracts/logger.ts'

export interface SqsOptions {
  /**
   * `https://sqs.<region>.amazonaws.com/<account>/<queue>`, or the same path on another host (an emulator, a VPC endpoint). The region is read
   * from the host; where it is not there, from `?region=`, else from the SDK's own settings (`AWS_REGION`, profiles).
   */
  readonly url: string
  /** @default { kind: 'off' } */
  readonly handBack?: HandBackOption
  /** @default the SDK's chain: environment, profiles, container and instance roles */
  readonly credentials?: NonNullable<SQSClientConfig['credentials']>
  /** @default real time */
  readonly clock?: Clock
  /** @default silent */
  readonly log?: Logger
}

/**
 * `existing`: a queue that the operator made, by its URL or, beside the main queue, by its name. `off`: failed messages can only be returned to the
 * queue itself.
 */
export type HandBackOption = { readonly kind: 'existing'; readonly queue: string } | { readonly kind: 'off' }
