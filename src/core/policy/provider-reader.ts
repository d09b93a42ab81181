import { describe, map, refine } from '../schema/combine.ts'
import type { Complain } from '../schema/combine.ts'
import { describeValue } from '../schema/describe-problem.ts'
import { describeUrl } from '../schema/describe-url.ts'
import { jsonValue } from '../schema/json-value.ts'
import { dictionary, object, optional, withDefault } from '../schema/objects.ts'
import type { Reader } from '../schema/reader.ts'
import { parsed, string } from '../schema/scalars.ts'
import { duration } from './duration.ts'
import { jsonPathPattern, parseJsonPath } from './json-path.ts'
import { providerKinds } from './policy.ts'
import type { HttpSettings, PrometheusSettings, Provider } from './policy.ts'
import { isInDoubleQuotes, isPlaceholder, placeholders, placeholdersIn } from './query-template.ts'
import { exactlyOne } from './settings.ts'

/** Where an external metric comes from, with everything checked that can be checked without asking. */
export function providerReader(): Reader<Provider> {
  const unbuilt = (kind: string) => describe(`Settings of the ${kind} adapter.`, optional(dictionary(jsonValue(8))))
  const fields = object({
    prometheus: describe('An instant query of a Prometheus server.', optional(prometheus())),
    http: describe('A number in a JSON document.', optional(http())),
    datadog: unbuilt('datadog'),
    cloudwatch: unbuilt('cloudwatch'),
  })
  return map(exactlyOne(fields, providerKinds), (value): Provider => {
    if (value.prometheus !== undefined) return { kind: 'prometheus', settings: value.prometheus }
    if (value.http !== undefined) return { kind: 'http', settings: value.http }
    if (value.datadog !== undefined) return { kind: 'datadog', settings: value.datadog }
    return { kind: 'cloudwatch', settings: value.cloudwatch ?? {} }
  })
}

function prometheus(): Reader<PrometheusSettings> {
  const fields = object({
    address: describe('Of the server, up to `/api`.', address()),
    query: describe('PromQL with one number as its result; placeholders stand inside double quotes.', promql()),
    ...askingFields(),
  })
  return map(fields, ({ timeout, ...rest }) => ({ ...rest, timeoutMs: timeout }))
}

function http(): Reader<HttpSettings> {
  const path = parsed({
    expected: 'a path such as $.data.value, $["a key"] or $.list[0]',
    pattern: jsonPathPattern,
    parse: (text) => (parseJsonPath(text) === undefined ? undefined : text),
  })
  const fields = object({
    url: describe('What is asked with GET; placeholders may stand in its path and query.', templatedUrl()),
    jsonPath: describe('Where the number stands in the answer.', path),
    ...askingFields(),
  })
  return map(fields, ({ timeout, ...rest }) => ({ ...rest, timeoutMs: timeout }))
}

function askingFields() {
  return {
    timeout: describe(
      'Time for the whole answer; then the measurement is an error.',
      withDefault(duration({ min: '100ms', max: '1m' }), '10s'),
    ),
    headersFrom: describe(
      'Headers, each with the variable of the worker that holds its value: `{ Authorization: METRICS_TOKEN }`.',
      withDefault(headersFrom(), {}),
    ),
  }
}

/** Only variables that were set for this: a policy must not be able to send a worker's other secrets somewhere. */
function headersFrom(): Reader<Readonly<Record<string, string>>> {
  const name = refine(
    string({ expected: 'the name of a header', pattern: /^[A-Za-z][A-Za-z\d-]{0,63}$/ }),
    (text, complain) => {
      if (ownHeaders.has(text.toLowerCase()))
        complain([], 'a header that is not set by the request itself', describeValue(text))
    },
  )
  const variable = parsed({
    expected: 'the name of an environment variable that begins with METRICS_',
    pattern: /^METRICS_[A-Z\d_]{1,100}$/,
    parse: (text) => text,
    // Most likely the secret itself.
    describeFound: () => 'another text',
  })
  return refine(dictionary(variable, name), (headers, complain) => {
    const names = Object.keys(headers).map((header) => header.toLowerCase())
    if (names.length > 8 || new Set(names).size < names.length)
      complain([], 'at most 8 headers, each once', `${names.length} headers`)
  })
}

const ownHeaders: ReadonlySet<string> = new Set(
  (
    'accept accept-encoding connection content-length content-type expect host keep-alive proxy-connection te ' +
    'trailer transfer-encoding upgrade'
  ).split(' '),
)

function address(): Reader<string> {
  return parsed({
    expected: 'an http or https address without credentials, query and placeholders',
    pattern: /^https?:\/\/[^\s/?#@{}\\]{1,255}(?:\/[^\s?#@{}\\]{0,1000})?$/,
    parse: (text) => (URL.canParse(text) ? text : undefined),
    describeFound: describeUrl,
  })
}

function promql(): Reader<string> {
  const text = string({ max: mostCharacters, expected: 'a query of 1 to 4096 characters', pattern: /^\s*\S[\s\S]*$/ })
  return refine(text, (query, complain) => {
    complainOfPlaceholders(query, complain)
    const outside = placeholdersIn(query).find(({ name, at }) => isPlaceholder(name) && !isInDoubleQuotes(query, at))
    if (outside !== undefined) complain([], 'placeholders inside double quotes', `{{${outside.name}}} outside of them`)
  })
}

function templatedUrl(): Reader<string> {
  const url = parsed({
    expected: 'an http or https URL without credentials, with placeholders in its path and query alone',
    pattern: /^https?:\/\/[^\s/?#@{}\\]{1,255}(?:[/?][^#\\]{0,3500})?$/,
    parse: (text) => {
      const filled = text.replaceAll(/\{\{[^{}]*\}\}/g, 'x')
      return URL.canParse(filled) && !/\s/.test(filled) ? text : undefined
    },
    describeFound: describeUrl,
  })
  return refine(url, complainOfPlaceholders)
}

const mostCharacters = 4_096
const known = placeholders.map((name) => `{{${name}}}`).join(', ')

function complainOfPlaceholders(text: string, complain: Complain): void {
  for (const { name } of placeholdersIn(text))
    if (!isPlaceholder(name)) complain([], `no placeholders but ${known}`, describeValue(name))
}
