export { memoryServer } from './brokers/memory/index.ts'
export type {
  DrainedMessage,
  MemoryBrokerOptions,
  MemoryMessage,
  MemoryServer,
  MemoryServerOptions,
  QueueOptions,
} from './brokers/memory/index.ts'
export { memoryStore } from './stores/memory/index.ts'
