import { randomInt } from 'node:crypto'
import type { MsgHdrs, NatsConnection } from '@nats-io/transport-node'
import { QueueCanaryError } from '../../../src/errors.ts'
import { markRemoved } from './documents.ts'
import type { Bucket } from './place.ts'
import { ApiError, apiErrors, ask, clientError } from './jetstream.ts'
import type { ApiAnswer, StreamConfig, StreamFacts } from './jetstream.ts'

/** Creates the bucket where it is missing; refuses one that may lose documents by itself. */
export async function prepareBucket(
  connection: NatsConnection,
  bucket: Bucket,
  headers: MsgHdrs,
): Promise<StreamFacts> {
  checkVersion(connection, bucket)
  const facts = (await find(connection, bucket)) ?? (await create(connection, bucket))
  const flaw = flaws(facts.config, bucket)
  if (flaw !== undefined) {
    throw new QueueCanaryError('STORE_REFUSED', `the store ${bucket.name} ${flaw}: use another one with ?bucket=`)
  }
  if (isCounted(facts) && facts.state.first_seq <= firstSequence(facts)) await passFirst(connection, bucket, headers)
  return facts
}

/** False where the bucket counts from one: when such a bucket is lost and made anew, revisions come back. */
export function isCounted(facts: StreamFacts): boolean {
  return firstSequence(facts) > 1
}

function firstSequence({ config }: StreamFacts): number {
  return config.first_seq ?? 0
}

/**
 * In a crash NATS 2.10 forgets everything where the stream still has a message at the very sequence that it began with. A mark of removal that is
 * written twice leaves nothing there, whoever else does the same.
 */
async function passFirst(connection: NatsConnection, bucket: Bucket, headers: MsgHdrs): Promise<void> {
  for (let time = 0; time < 2; time++) await markRemoved(connection, bucket, '', headers)
}

async function find(connection: NatsConnection, { stream }: Bucket): Promise<StreamFacts | undefined> {
  try {
    return factsIn(await ask(connection, `STREAM.INFO.${stream}`, {}))
  } catch (error) {
    if (error instanceof ApiError && error.number === apiErrors.streamNotFound) return undefined
    // where this server has none, another one of its cluster may answer
    if (connection.info?.jetstream === true || clientError(error) !== 'NoRespondersError') throw error
    throw new ApiError(apiErrors.notEnabled)
  }
}

/**
 * Sequences are revisions. Each bucket counts from a number of its own, so that none comes back when the bucket is lost and made anew. One
 * that somebody else made at the same moment in another way is as good.
 */
async function create(connection: NatsConnection, bucket: Bucket): Promise<StreamFacts> {
  const config = {
    name: bucket.stream,
    subjects: [`${bucket.prefix}>`],
    first_seq: randomInt(2 ** 32, 2 ** 47),
    max_msgs_per_subject: 1,
    num_replicas: bucket.replicas,
    storage: 'file',
    discard: 'new',
    max_age: 0,
    max_bytes: -1,
    max_msgs: -1,
    deny_delete: true,
    allow_rollup_hdrs: true,
    allow_direct: false,
  }
  try {
    return factsIn(await ask(connection, `STREAM.CREATE.${bucket.stream}`, config))
  } catch (error) {
    const isThere = error instanceof ApiError && error.number === apiErrors.nameInUse
    const other = isThere ? await find(connection, bucket) : undefined
    if (other !== undefined) return other
    throw error
  }
}

function factsIn({ config = {}, state = { first_seq: 0 } }: ApiAnswer): StreamFacts {
  return { config, state }
}

/** Before 2.10 a stream always counts from one. */
function checkVersion({ info }: NatsConnection, { name }: Bucket): void {
  const [major = 0, minor = 0] = (info?.version ?? '').split('.').map(Number)
  if (major > 2 || (major === 2 && minor >= 10)) return
  throw new QueueCanaryError('STORE_REFUSED', `the store ${name} is NATS ${info?.version}: 2.10 or later is needed`)
}

function flaws(config: StreamConfig, { prefix }: Bucket): string | undefined {
  if (config.mirror !== undefined || config.subjects?.join() !== `${prefix}>`) return 'is a stream of something else'
  if ((config.max_age ?? 0) > 0) return 'forgets documents after a time (max_age)'
  const limits = [config.max_bytes, config.max_msgs].filter((limit = -1) => limit > 0)
  return config.discard === 'old' && limits.length > 0 ? 'drops old documents when it is full (discard old)' : undefined
}
