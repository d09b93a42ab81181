import type { Mutant } from './mutant.ts'

const client = 'test/fault-simulation/broker'

/** Bugs of an adapter: of the model that stands for it. */
export const adapterMutants: readonly Mutant[] = [
  {
    name: 'visibility-not-extended',
    says: 'the visibility of a message is not extended while its handler runs',
    patches: [{ file: `${client}/sqs-subscription.ts`, find: 'delivery.lease.extend()', put: 'delivery' }],
    violates: ['nothing-lost', 'redelivered-for-a-reason', 'returns-bounded', 'groups-in-order', 'kept-invisible'],
    foundBy: 252,
  },
  {
    name: 'group-lock-ignored',
    says: 'messages of one group are given to whoever asks',
    patches: [
      {
        file: `${client}/sqs-server.ts`,
        find: 'if (group === undefined) return false',
        put: 'if (position >= 0) return false',
      },
    ],
    violates: ['groups-in-order'],
    foundBy: 13,
  },
  {
    name: 'stale-ack',
    says: 'an ack goes to the channel of now, not to that of its delivery',
    patches: [
      {
        file: `${client}/client-subscription.ts`,
        find: 'const channel: ClientChannel = { connection, server: undefined, isLive: true }',
        put: 'const channel: ClientChannel = Object.assign(((this as any).rebound ??= {}), { connection, server: undefined, isLive: true })',
      },
    ],
    violates: ['own-link', 'settled-with-reason', 'nothing-lost'],
    foundBy: 1261,
  },
  {
    name: 'unconfirmed-copy',
    says: 'a message that is handed back or put off is acked without waiting for the confirmation of its copy',
    patches: [
      {
        file: `${client}/client-delivery.ts`,
        find: 'const isConfirmed = await within(this.#options.container.clock, confirmMs, publication)',
        put: 'const isConfirmed = true',
      },
    ],
    violates: ['settled-with-reason', 'nothing-lost'],
    foundBy: 8,
  },
  {
    name: 'reject-for-requeue',
    says: 'what should go back to the queue is rejected',
    patches: [
      {
        file: `${client}/client-delivery.ts`,
        find: "return this.#settle('nack')",
        put: "return this.#settle('deadLetter')",
      },
    ],
    violates: ['settled-with-reason'],
    foundBy: 4,
  },
  {
    name: 'channel-not-restored',
    says: 'a channel that the server closed is not opened again',
    patches: [
      {
        file: `${client}/client-subscription.ts`,
        find: 'this.#again(channel.connection, reopenMs)',
        put: 'void reopenMs',
      },
    ],
    violates: ['backlog-drains', 'nothing-lost', 'good-is-promoted', 'rollout-ends'],
    foundBy: 89,
  },
  {
    name: 'connection-not-restored',
    says: 'a connection that was lost is not opened again',
    patches: [
      {
        file: `${client}/rabbit-client.ts`,
        find: 'subscription.unlink()\n    this.#retry()',
        put: 'subscription.unlink()',
      },
    ],
    violates: ['backlog-drains', 'nothing-lost', 'rollout-ends'],
    foundBy: 39,
  },
]
