/** How a message came back to its queue. */
export type Return = 'nack' | 'reject' | 'channelClosed' | 'connectionLost' | 'consumerTimeout'

/** What a broker's version does with what comes back. Sources: the release notes and documentation of RabbitMQ, as read in the field notes. */
export interface Profile {
  readonly name: string
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
  'rabbitmq-classic': { name: 'rabbitmq-classic', counts: new Set<Return>(), deliveryLimit: Infinity },
  /** Quorum queues of 3.10: counted, and without a limit by default. */
  'rabbitmq-3.10': { name: 'rabbitmq-3.10', counts: everything, deliveryLimit: Infinity },
  /** 4.0 to 4.2: a limit of 20 by default, and every return counts. */
  'rabbitmq-4.0': { name: 'rabbitmq-4.0', counts: everything, deliveryLimit: 20 },
  /** From 4.3 on `basic.nack` and consumer timeouts count no more. */
  'rabbitmq-4.3': {
    name: 'rabbitmq-4.3',
    counts: new Set<Return>(['reject', 'channelClosed', 'connectionLost']),
    deliveryLimit: 20,
  },
} as const satisfies Record<string, Profile>

export type ProfileName = keyof typeof profiles
export const profileNames = Object.keys(profiles) as readonly ProfileName[]
