import { describe, map } from '../schema/combine.ts'
import { describeUrl } from '../schema/describe-url.ts'
import { object, withDefault } from '../schema/objects.ts'
import type { Reader } from '../schema/reader.ts'
import { oneOf, parsed, string } from '../schema/scalars.ts'
import { duration } from './duration.ts'
import { webhookTypes } from './policy.ts'
import type { Webhook } from './policy.ts'

export function webhookReader(): Reader<Webhook> {
  const fields = object({
    name: describe('Name for logs and history.', string({ min: 1, max: 64 })),
    type: describe('When it is called.', oneOf(webhookTypes)),
    url: describe('Where it is sent; http or https, without credentials.', url()),
    timeout: describe('Time that an answer may take.', withDefault(duration({ min: '1ms', max: '1h' }), '10s')),
  })
  return map(fields, ({ timeout, ...rest }) => ({ ...rest, timeoutMs: timeout }))
}

function url(): Reader<string> {
  return parsed({
    expected: 'an http or https URL without credentials',
    pattern: /^https?:\/\/[^\s/?#@]+(?:[/?#]\S*)?$/,
    parse: (text) => text,
    describeFound: describeUrl,
  })
}
