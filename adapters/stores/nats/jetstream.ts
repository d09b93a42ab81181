import type { Msg, NatsConnection } from '@nats-io/transport-node'

/** What the server's interface for streams answers, as far as it is read here. https://docs.nats.io/reference/reference-protocols/nats_api_reference */
export interface ApiAnswer {
  readonly error?: { readonly code: number; readonly err_code?: number }
  readonly config?: StreamConfig
  readonly state?: StreamFacts['state']
  readonly message?: StoredMessage
  /** Of a message that was stored. */
  readonly seq?: number
  /** When the server answered, in RFC 3339; what tells of a stream has it. */
  readonly ts?: string
}

export interface StreamConfig {
  readonly subjects?: readonly string[]
  readonly storage?: string
  readonly num_replicas?: number
  readonly max_age?: number
  readonly discard?: string
  readonly max_bytes?: number
  readonly max_msgs?: number
  readonly first_seq?: number
  readonly mirror?: unknown
}

/** What is known of a stream. */
export interface StreamFacts {
  readonly config: StreamConfig
  readonly state: { readonly first_seq: number }
}

export interface StoredMessage {
  readonly subject: string
  readonly seq: number
  /** Base64. */
  readonly hdrs?: string
  readonly data?: string
}

/** An error that the server answered, by its number. https://github.com/nats-io/nats-server/blob/v2.10.27/server/errors.json */
export class ApiError extends Error {
  readonly number: number

  constructor(number: number) {
    super(`JetStream error ${number}`)
    this.number = number
  }
}

export const apiErrors = {
  notEnabled: 10076,
  noMessage: 10037,
  streamNotFound: 10059,
  nameInUse: 10058,
  wrongSequence: 10071,
  /** In a cluster, while another write to the subject is on its way to the replicas. */
  wrongSequenceInFlight: 10164,
} as const

/** One request to the interface for streams. Rejects with `ApiError`. */
export async function ask(connection: NatsConnection, call: string, body: unknown): Promise<ApiAnswer> {
  const answer = await connection.request(`$JS.API.${call}`, JSON.stringify(body), { timeout: patienceMs })
  return understand(answer)
}

/** Longer than any deadline of a session: that one decides. */
export const patienceMs = 600_000

export function understand(message: Msg): ApiAnswer {
  const answer: ApiAnswer = message.json()
  if (answer.error === undefined) return answer
  throw new ApiError(answer.error.err_code ?? answer.error.code)
}

/** The class of an error of the client, which may wrap what the server said of a request. */
export function clientError(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined
  return error.constructor.name === 'RequestError' ? clientError(error.cause) : error.constructor.name
}
