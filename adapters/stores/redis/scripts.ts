import { createHash } from 'node:crypto'

/**
 * What one call does, as one step of the server. The first line makes each of them a script that may write: a replica then refuses to run it,
 * so that no read is ever answered by one. `allow-oom` lets a server that is full still be read and cleared. Redis 7 and later.
 * https://redis.io/docs/latest/develop/programmability/lua-api/#script_flags
 */
export interface Script {
  readonly text: string
  /** What the server knows it by. */
  readonly sha: string
}

/** A document is a field of one hash: its revision (36 characters), then its value. A sorted set has the keys in order of their bytes. */
export const revisionLength = 36

export const scripts = {
  get: script('allow-oom', `return redis.call('HGET', KEYS[1], ARGV[1])`),
  /** ARGV: key, new revision, value, and the expected revision if there is to be a document. */
  put: script(
    '',
    `local found = redis.call('HGET', KEYS[1], ARGV[1])
     local revision = found and string.sub(found, 1, ${revisionLength}) or nil
     if revision ~= ARGV[4] then return 0 end
     redis.call('HSET', KEYS[1], ARGV[1], ARGV[2] .. ARGV[3])
     if not found then redis.call('ZADD', KEYS[2], 0, ARGV[1]) end
     return 1`,
  ),
  /**
   * ARGV: the first key and the one after the last, as ZRANGE BYLEX takes them, then revisions that are known. Returns keys and documents in
   * turn; of a known one only its revision.
   */
  list: script(
    'allow-oom',
    `local known = {}
     for i = 3, #ARGV do known[ARGV[i]] = true end
     local keys = redis.call('ZRANGE', KEYS[2], ARGV[1], ARGV[2], 'BYLEX')
     local found = {}
     for first = 1, #keys, 1000 do
       local last = math.min(first + 999, #keys)
       local documents = redis.call('HMGET', KEYS[1], unpack(keys, first, last))
       for i, document in ipairs(documents) do
         local revision = string.sub(document or '', 1, ${revisionLength})
         found[#found + 1] = keys[first + i - 1]
         found[#found + 1] = known[revision] and revision or document
       end
     end
     return found`,
  ),
  remove: script(
    'allow-oom',
    `redis.call('HDEL', KEYS[1], ARGV[1])
     return redis.call('ZREM', KEYS[2], ARGV[1])`,
  ),
} as const

function script(flags: string, body: string): Script {
  const text = `#!lua flags=${flags}\n${body}`
  return { text, sha: createHash('sha1').update(text).digest('hex') }
}
