export { errorCodes, isQueueCanaryError, QueueCanaryError } from './errors.ts'
export { parsePolicy } from './core/policy/parse-policy.ts'
export { defineHandler, normaliseHandler } from './worker/define-handler.ts'
export { systemClock } from './worker/system-clock.ts'
export { createWorker } from './worker/worker.ts'

export type {
  Broker,
  BrokerCapabilities,
  Delivery,
  DeliverySink,
  Finding,
  HandBackNote,
  LinkState,
  Passage,
  QueueFacts,
  RetryNote,
  RetryRecord,
  SubscribeRequest,
  Subscription,
} from './contracts/broker.ts'
export type { Clock } from './contracts/clock.ts'
export type {
  Accepts,
  BatchContext,
  BatchFailure,
  BatchHandler,
  BatchMessage,
  BatchResult,
  BatchSettings,
  Handle,
  HandleBatch,
  Handler,
  HandlerContext,
  HandlerDefinition,
  Message,
  SingleHandler,
} from './contracts/handler.ts'
export type { Logger } from './contracts/logger.ts'
export type { BrokerMessage } from './contracts/message.ts'
export type {
  MetricProvider,
  OpenMetricProvider,
  Provider,
  ProviderResult,
  TemplateValues,
} from './contracts/metric-provider.ts'
export type { Entry, News, Revision, Store, Versioned } from './contracts/store.ts'
export type { ParsedPolicy } from './core/policy/parse-policy.ts'
export type { Policy } from './core/policy/policy.ts'
export type { ConsumerReport, ConsumerState, DrainReport } from './core/rollout/consumer-report.ts'
export type { Problem } from './core/schema/reader.ts'
export type { ErrorCode } from './errors.ts'
export type { StateChange, WorkerOptions } from './worker/worker-options.ts'
export type { Worker, WorkerEnd } from './worker/worker.ts'
