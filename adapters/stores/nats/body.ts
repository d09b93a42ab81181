import { deflateRawSync, inflateRawSync } from 'node:zlib'

/** Larger ones are compressed: a server takes no message beyond its `max_payload`, 1 MiB unless it is told otherwise. */
const compressFrom = 65_536

/** What a message's header says of its body, as in HTTP. */
export const encodingHeader = 'Content-Encoding'
export const compressed = 'deflate-raw'

export interface Body {
  readonly data: Uint8Array
  readonly encoding: string | undefined
}

export function bodyOf(value: string): Body {
  const data = Buffer.from(value)
  return data.length < compressFrom
    ? { data, encoding: undefined }
    : { data: deflateRawSync(data, { level: 1 }), encoding: compressed }
}

export function valueOf({ data, encoding }: Body): string {
  const bytes = Buffer.from(data)
  return (encoding === compressed ? inflateRawSync(bytes) : bytes).toString()
}
