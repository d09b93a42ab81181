export { natsStore } from './nats-store.ts'
export type { NatsStoreOptions } from './nats-store.ts'
