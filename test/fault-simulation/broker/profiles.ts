/** How a message came back to its queue. */
export type Return = 'nack' | 'reject' | 'channelClosed' | 'connectionLost' | 'consumerTimeout' | 'expired'

/** What a broker's version does with what comes back. Sources: the release notes and documentation of RabbitMQ, as read in the field notes. */
export interface Profile {
  readonly kind: 'rabbitmq' | 'sqs'
  /** Messages have groups, each of which keeps its order. */
  readonly isFifo: boolean
  /** Ways of coming back that raise the delivery count. */
  readonly counts: ReadonlySet<Return>
  /** A message whose count exceeds it is dead-lettered. */
  readonly deliveryLimit: number
}

const everything: ReadonlySet<Return> = new Set([
  'nack',
  'reject',
  'channelClosed',
  'connectionLost',
  'consumerTimeout',
])

export const profiles = {
  /** Classic queues count nothing, whatever the version. */
  'rabbitmq-classic': { kind: 'rabbitmq', isFifo: false, counts: new Set<Return>(), deliveryLimit: Infinity },
  /** Quorum queues of 3.10: counted, and without a limit by default. */
  'rabbitmq-3.10': { kind: 'rabbitmq', isFifo: false, counts: everything, deliveryLimit: Infinity },
  /** 4.0 to 4.2: a limit of 20 by default, and every return counts. */
  'rabbitmq-4.0': { kind: 'rabbitmq', isFifo: false, counts: everything, deliveryLimit: 20 },
  /** From 4.3 on `basic.nack` and consumer timeouts count no more. */
  'rabbitmq-4.3': {
    kind: 'rabbitmq',
    isFifo: false,
    counts: new Set<Return>(['reject', 'channelClosed', 'connectionLost']),
    deliveryLimit: 20,
  },
  /** SQS counts each receive. A limit of 3 to 5 is usual; this one is above what a worker returns a message at most (`worker/settle.ts`). */
  'sqs-standard': { kind: 'sqs', isFifo: false, counts: everything, deliveryLimit: 20 },
  'sqs-fifo': { kind: 'sqs', isFifo: true, counts: everything, deliveryLimit: 20 },
} as const satisfies Record<string, Profile>

export type ProfileName = keyof typeof profiles
export const profileNames = Object.keys(profiles) as readonly ProfileName[]
