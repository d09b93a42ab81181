import fc from 'fast-check'

/** Files that are right, in every short and long form, as the values that YAML or JSON would give. */
export function policyFiles(): fc.Arbitrary<Record<string, unknown>> {
  return fc.oneof(
    fc.tuple(canarySteps(), surroundings()).map(([steps, rest]) => ({ ...rest, steps })),
    fc
      .tuple(weights(), durations(), surroundings())
      .map(([stepWeights, interval, rest]) => ({ ...rest, stepWeights, interval })),
    fc.tuple(ramps(), surroundings()).map(([ramp, rest]) => ({ ...rest, analysis: {}, ramp })),
    surroundings().map((rest) => ({ ...rest, strategy: 'blueGreen' })),
    surroundings().map((rest) => ({ ...rest, strategy: 'rolling' })),
    surroundings(),
  )
}

function durations(): fc.Arbitrary<string> {
  const whole = fc
    .tuple(fc.integer({ min: 0, max: 59 }), fc.constantFrom('s', 'm'))
    .map(([count, unit]) => `${count}${unit}`)
  return fc.oneof(
    whole,
    fc.integer({ min: 100, max: 99_999 }).map((ms) => `${ms}ms`),
    fc.constantFrom('1.5s', '2h', '0.25h'),
  )
}

/** 100 ms or more. */
function intervals(): fc.Arbitrary<string> {
  return durations().filter((text) => !/^0[sm]$/.test(text))
}

function percentages(most = 100): fc.Arbitrary<string> {
  return fc
    .integer({ min: 1, max: most * 1e6 })
    .map((millionths) => `${Number((millionths / 1e6).toFixed(6))}%`)
    .map((text) => (text.includes('e') ? '1%' : text))
}

function weights(): fc.Arbitrary<string[]> {
  const ascending = (list: string[]) => list.toSorted((a, b) => Number.parseFloat(a) - Number.parseFloat(b))
  return fc.array(percentages(), { minLength: 1, maxLength: 6 }).map(ascending)
}

function canarySteps(): fc.Arbitrary<object[]> {
  const pause = fc.oneof(
    fc.constant({ pause: {} }),
    intervals().map((duration) => ({ pause: { duration } })),
  )
  const rest = fc.record(
    {
      duration: durations(),
      concurrency: fc.integer({ min: 1, max: 100 }),
      delay: fc.constantFrom('0s', '5ms', '200ms', '1.5s'),
      minSamples: fc.integer({ min: 1, max: 1000 }),
    },
    { requiredKeys: ['duration'] },
  )
  return weights().chain((ascending) =>
    fc
      .tuple(
        ...ascending.map((weight) =>
          fc
            .tuple(rest, fc.boolean(), pause)
            .map(([step, after, hold]) => (after ? [{ weight, ...step }, hold] : [{ weight, ...step }])),
        ),
      )
      .map((groups) => groups.flat()),
  )
}

function ramps(): fc.Arbitrary<object> {
  return fc.record(
    {
      failureBudget: fc.integer({ min: 1, max: 99 }),
      maxWeight: percentages(),
      minDuration: durations(),
      maxDuration: fc.constant('3h'),
    },
    { requiredKeys: ['maxDuration'] },
  )
}

function metrics(): fc.Arbitrary<object[]> {
  const count = fc.integer({ min: 0, max: 20 })
  const common = fc.record(
    {
      interval: intervals(),
      initialDelay: durations(),
      failureLimit: count,
      inconclusiveLimit: count,
      consecutiveErrorLimit: count,
      dryRun: fc.boolean(),
    },
    { requiredKeys: [] },
  )
  const share = fc.record({
    measure: fc.constantFrom('failureRate', 'timeouts'),
    thresholdRange: fc.record({ max: percentages() }),
  })
  const time = fc.record({
    measure: fc.constantFrom('p50', 'oldestAge'),
    thresholdRange: fc.record({ min: fc.constant('0s'), max: durations() }),
  })
  const amount = fc.record({
    measure: fc.constantFrom('backlog', 'deadLetters'),
    thresholdRange: fc.record({ min: count }),
  })
  const settings = fc.dictionary(fc.string({ maxLength: 10 }), fc.jsonValue({ maxDepth: 2 }), { maxKeys: 4 })
  const value = fc.double({ noNaN: true, noDefaultInfinity: true }).map((x) => x + 0)
  const external = fc.record({
    provider: fc.oneof(
      fc.tuple(fc.constantFrom('datadog', 'cloudwatch'), settings).map(([kind, data]) => ({ [kind]: data })),
      fc.constantFrom(...providers),
    ),
    thresholdRange: fc.record({ max: value }),
  })
  const failures = fc.record(
    {
      rollbackMargin: percentages(900),
      nonInferiorityMargin: fc.record({ absolute: percentages(), relative: percentages(900) }, { requiredKeys: [] }),
      promoteWithoutProof: fc.boolean(),
    },
    { requiredKeys: [] },
  )
  const named = fc.constantFrom(
    { name: 'novel-errors' },
    { name: 'latency', slowdownTolerance: '50%' },
    { name: 'latency' },
  )
  const kinds = [
    named,
    failures.map((metric) => ({ name: 'failures', ...metric })),
    ...[share, time, amount, external].map((kind) => kind.map((metric) => ({ name: 'own', ...metric }))),
  ]
  return fc.array(fc.tuple(fc.oneof(...kinds), common), { maxLength: 5 }).map((list) =>
    // The first metric of each name, and a number behind those of our own.
    list
      .map(([kind, limits], index) => ({ ...kind, ...limits, name: kind.name === 'own' ? `own-${index}` : kind.name }))
      .filter((metric, index, all) => all.findIndex((other) => other.name === metric.name) === index),
  )
}

/** Everything but the ramp. The deadline is longer than any ramp of these. */
function surroundings(): fc.Arbitrary<Record<string, unknown>> {
  const positive = fc.integer({ min: 1, max: 1000 })
  return fc.record(
    {
      extends: fc.constantFrom('careful', 'standard', 'fast'),
      analysis: fc.record(
        { interval: intervals(), significanceLevel: fc.constantFrom('0.001%', '0.7%', '50%'), metrics: metrics() },
        { requiredKeys: [] },
      ),
      limits: fc.record(
        { maxFailedMessages: positive, maxInFlight: positive, maxReceiveCount: positive },
        { requiredKeys: [] },
      ),
      onFailure: fc.constantFrom('rollback', 'pause', 'stepBack'),
      onInsufficientData: fc.constantFrom('extend', 'pause', 'rollback', 'promote'),
      progressDeadline: fc.constantFrom('30d', '365d'),
      promotion: fc.record({ workers: positive, duration: durations() }, { requiredKeys: [] }),
      drain: fc.record({ timeout: durations(), onTimeout: fc.constantFrom('handBack', 'wait') }, { requiredKeys: [] }),
      webhooks: fc.array(
        fc.record({
          name: fc.constant('tell'),
          type: fc.constantFrom('event', 'rollback'),
          url: fc.constantFrom('https://a.example/b?c#d', 'http://[::1]:80'),
        }),
        { maxLength: 2 },
      ),
      aliases: fc.constantFrom([], [{ postgres: { view: 'orders' } }]),
      tests: fc.constantFrom([], [{ given: { rate: '50/s' }, expect: { phase: 'Succeeded', harmed: { p95: 3 } } }]),
    },
    { requiredKeys: ['progressDeadline'] },
  )
}

const headersFrom = { Authorization: 'METRICS_TOKEN' }
const providers = [
  { prometheus: { address: 'http://prometheus:9090/prefix', query: 'sum(errors{v="{{ version }}"})', timeout: '5s' } },
  { prometheus: { address: 'https://[::1]:9090', query: 'up', headersFrom } },
  { http: { url: 'https://figures/{{queue}}?v={{version}}', jsonPath: '$.a["b c"][0]', headersFrom } },
]
