import { describe, expect, it } from 'vitest'
import { providerReader } from '../../../src/core/policy/provider-reader.ts'
import { describeProblem } from '../../../src/core/schema/describe-problem.ts'
import { parseWith } from '../../../src/core/schema/reader.ts'

function problemsOf(value: unknown): readonly string[] {
  const parsed = parseWith(providerReader(), value)
  return parsed.ok ? [] : parsed.problems.map((problem) => describeProblem(problem))
}

const prometheus = (some: object) => ({ prometheus: { address: 'http://prometheus:9090', query: 'up', ...some } })
const http = (some: object) => ({ http: { url: 'http://figures/orders', jsonPath: '$.value', ...some } })

const known = '{{queue}}, {{version}}, {{rollout}}, {{namespace}}'
const addresses = 'an http or https address without credentials, query and placeholders'
const urls = 'an http or https URL without credentials, with placeholders in its path and query alone'
const paths = 'a path such as $.data.value, $["a key"] or $.list[0]'

describe('a provider', () => {
  it('has a timeout of ten seconds and no headers', () => {
    expect(parseWith(providerReader(), prometheus({}))).toEqual({
      ok: true,
      value: {
        kind: 'prometheus',
        settings: { address: 'http://prometheus:9090', query: 'up', timeoutMs: 10_000, headersFrom: {} },
      },
    })
    expect(parseWith(providerReader(), http({ timeout: '2s', headersFrom: { 'X-Key': 'METRICS_KEY' } }))).toEqual({
      ok: true,
      value: {
        kind: 'http',
        settings: {
          url: 'http://figures/orders',
          jsonPath: '$.value',
          timeoutMs: 2_000,
          headersFrom: { 'X-Key': 'METRICS_KEY' },
        },
      },
    })
  })

  it.each([
    prometheus({ address: 'https://10.0.0.1' }),
    prometheus({ address: 'http://[fd00::1]:9090/prefix/' }),
    prometheus({ query: 'sum(rate(errors_total{version="{{version}}",queue=~"{{ queue }}"}[1m]))' }),
    prometheus({ query: String.raw`a{b='x',c="\"{{rollout}}"} # "` }),
    http({ url: 'http://figures/{{ namespace }}/{{queue}}?v={{version}}&w=1' }),
    http({ url: 'https://figures' }),
    http({ url: 'http://figures?{{queue}}' }),
    http({ jsonPath: '$' }),
    http({ jsonPath: String.raw`$.a-b["c \"d\""][12]._e` }),
    http({ headersFrom: { Authorization: 'METRICS_TOKEN', 'X-Scope-OrgID': 'METRICS_TENANT_2' } }),
    { datadog: { anything: [1, { at: 'all' }] } },
  ])('is %j', (value) => {
    expect(problemsOf(value)).toEqual([])
  })

  it.each<[object, string | readonly string[]]>([
    [{}, 'the file: expected one of prometheus, http, datadog or cloudwatch, found none'],
    [
      { ...prometheus({}), ...http({}) },
      'the file: expected one of prometheus, http, datadog or cloudwatch, found prometheus and http',
    ],
    [
      { prometheus: {} },
      [
        `prometheus.address: expected ${addresses}, found nothing`,
        'prometheus.query: expected a query of 1 to 4096 characters, found nothing',
      ],
    ],
    [
      prometheus({ adress: 'x' }),
      'prometheus.adress: expected one of the keys address, query, timeout, headersFrom, found "adress"',
    ],
    [
      prometheus({ address: 'http://me:hunter2@prometheus:9090' }),
      `prometheus.address: expected ${addresses}, found http://prometheus:9090`,
    ],
    [prometheus({ address: 'file:///etc/passwd' }), `prometheus.address: expected ${addresses}, found file://…`],
    [prometheus({ address: 'http://a:99999' }), `prometheus.address: expected ${addresses}, found http://a:99999`],
    [prometheus({ address: 'http://{{queue}}:9090' }), `prometheus.address: expected ${addresses}, found http://…`],
    [prometheus({ address: 'http://a/?token=hunter2' }), `prometheus.address: expected ${addresses}, found http://a`],
    [prometheus({ query: ' \n' }), String.raw`prometheus.query: expected a query of 1 to 4096 characters, found " \n"`],
    [
      prometheus({ query: 'x'.repeat(4_097) }),
      `prometheus.query: expected a query of 1 to 4096 characters, found "${'x'.repeat(37)}…"`,
    ],
    [
      prometheus({ query: 'a{v="{{verison}}",w="{{}}"}' }),
      [
        `prometheus.query: expected no placeholders but ${known}, found "verison"`,
        `prometheus.query: expected no placeholders but ${known}, found ""`,
      ],
    ],
    [
      prometheus({ query: 'a{v="{{version"}' }),
      String.raw`prometheus.query: expected no placeholders but ${known}, found "{{version\""`,
    ],
    ...[`a{v='{{version}}'}`, '{{version}}', 'a{v=`{{version}}`}', `a{v="x"} # "{{version}}"`].map(
      (query): [object, string] => [
        prometheus({ query }),
        'prometheus.query: expected placeholders inside double quotes, found {{version}} outside of them',
      ],
    ),
    [
      prometheus({ timeout: '2m' }),
      'prometheus.timeout: expected a duration from 100ms to 1m (units ms, s, m, h, d), found "2m"',
    ],
    [
      prometheus({ headersFrom: { Authorization: 'Bearer hunter2' } }),
      'prometheus.headersFrom.Authorization: expected the name of an environment variable that begins with METRICS_, found another text',
    ],
    [
      prometheus({ headersFrom: { A: 'QUEUE_CANARY_ORDERS_URL' } }),
      'prometheus.headersFrom.A: expected the name of an environment variable that begins with METRICS_, found another text',
    ],
    [
      http({ headersFrom: { Host: 'METRICS_A' } }),
      'http.headersFrom.Host: expected a header that is not set by the request itself, found "Host"',
    ],
    [
      http({ headersFrom: { 'a b': 'METRICS_A' } }),
      'http.headersFrom["a b"]: expected the name of a header, found "a b"',
    ],
    [
      http({ headersFrom: { 'X-A': 'METRICS_A', 'x-a': 'METRICS_B' } }),
      'http.headersFrom: expected at most 8 headers, each once, found 2 headers',
    ],
    [http({ url: 'http://{{queue}}/x' }), `http.url: expected ${urls}, found http://…`],
    [http({ url: 'http://a/x#y' }), `http.url: expected ${urls}, found http://a`],
    [http({ url: 'http://a/x y' }), `http.url: expected ${urls}, found http://a`],
    [http({ url: String.raw`http://a\@b/` }), `http.url: expected ${urls}, found http://b`],
    [http({ url: 'gopher://a/' }), `http.url: expected ${urls}, found gopher://a`],
    [http({ url: 'http://a/{{verison}}' }), `http.url: expected no placeholders but ${known}, found "verison"`],
    ...['value', '$.', '$..a', '$[-1]', '$[*]', "$['a']", '$.a b', '$["a]', String.raw`$["\x"]`, ''].map(
      (jsonPath): [object, string] => [
        http({ jsonPath }),
        `http.jsonPath: expected ${paths}, found "${jsonPath.replaceAll(/["\\]/g, String.raw`\$&`)}"`,
      ],
    ),
  ])('is not %j', (value, lines) => {
    expect(problemsOf(value)).toEqual([lines].flat())
  })
})
