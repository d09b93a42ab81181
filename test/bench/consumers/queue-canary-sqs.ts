import { sqsBroker } from '../../../adapters/brokers/sqs/index.ts'
import { testCredentials } from '../../support/sqs-helper.ts'
import type { StartConsumer } from './consumer.ts'
import { complaints, startWorker } from './queue-canary.ts'

export const startQueueCanarySqs: StartConsumer = (spec, handle) =>
  startWorker(sqsBroker({ url: spec.url, credentials: testCredentials, log: complaints }), spec, handle)
