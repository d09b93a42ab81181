/**
 * A key as a part of a subject: one token for each part between slashes, so that a prefix of whole parts is a filter of the server. Letters,
 * digits, `-` and `_` stand for themselves, every other byte is `=` and its two digits; an empty part is `=`. Different keys have different
 * subjects. https://docs.nats.io/nats-concepts/jetstream/key-value-store, "valid keys"
 */
export function subjectOf(key: string): string {
  return key.split('/').map(token).join('.')
}

export function keyOf(subject: string): string {
  return subject.split('.').map(part).join('/')
}

/** The filter that matches every key of the prefix, and others where the prefix ends within a part. */
export function filterOf(prefix: string): string {
  const whole = prefix.split('/').slice(0, -1)
  return [...whole.map(token), '>'].join('.')
}

function token(text: string): string {
  if (text === '') return '='
  return Array.from(Buffer.from(text), (byte) => {
    const character = String.fromCharCode(byte)
    return /[\w-]/.test(character) ? character : `=${byte.toString(16).padStart(2, '0')}`
  }).join('')
}

function part(text: string): string {
  if (text === '=') return ''
  const bytes = [...text.matchAll(/=(..)|(.)/g)].map(([, code, character]) =>
    code === undefined ? (character ?? '').charCodeAt(0) : Number.parseInt(code, 16),
  )
  return Buffer.from(bytes).toString()
}
