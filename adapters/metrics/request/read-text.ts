import type { IncomingMessage } from 'node:http'
import type { Readable } from 'node:stream'
import { pipeline } from 'node:stream'
import { createGunzip } from 'node:zlib'
import { Refusal } from './address-rules.ts'

/** The longest answer that is read, counted after it was unpacked. */
export const mostBytes = 64 * 1_024

/** The body as text. Rejects with a `Refusal` where it is too long, packed in an unknown way or no UTF-8, and with the connection's error. */
export async function readText(response: IncomingMessage): Promise<string> {
  if (Number(response.headers['content-length'] ?? 0) > mostBytes) throw tooLong()
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of unpacked(response)) {
    const bytes = Buffer.from(chunk)
    size += bytes.length
    if (size > mostBytes) throw tooLong()
    chunks.push(bytes)
  }
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(Buffer.concat(chunks))
  } catch {
    throw new Refusal('its answer is no UTF-8 text')
  }
}

function unpacked(response: IncomingMessage): Readable {
  const encoding = response.headers['content-encoding']?.toLowerCase() ?? 'identity'
  if (encoding === 'identity') return response
  if (encoding !== 'gzip') throw new Refusal('its answer is packed in a way that was not asked for')
  // Leaving the loop destroys both: nothing is unpacked that nobody reads.
  return pipeline(response, createGunzip(), () => {})
}

function tooLong(): Refusal {
  return new Refusal(`its answer is longer than ${mostBytes / 1_024} KiB`)
}
