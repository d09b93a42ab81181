import { describe, expect, it } from 'vitest'
import { measureExternal } from '../../../src/core/evidence/external.ts'
import type { ProviderResult } from '../../../src/core/evidence/external.ts'
import type { Range } from '../../../src/core/policy/policy.ts'
import { externalMetric } from '../../support/build-policy.ts'

const range = (min?: number, max?: number): Range => ({ min, max })
const value = (found: number): ProviderResult => ({ kind: 'value', value: found })

describe('measureExternal', () => {
  it.each<[Range, number, string, string]>([
    [range(undefined, 0.01), 0.01, 'successful', 'logs 0.01 is within max 0.01'],
    [range(undefined, 0.01), 0.0100001, 'failed', 'logs 0.0100001 is outside max 0.01'],
    [range(undefined, 0.01), -5, 'successful', 'logs -5 is within max 0.01'],
    [range(0), -0.001, 'failed', 'logs -0.001 is outside min 0'],
    [range(0), 0, 'successful', 'logs 0 is within min 0'],
    [range(1, 2), 2.5, 'failed', 'logs 2.5 is outside 1 to 2'],
    [range(1, 2), 1.5, 'successful', 'logs 1.5 is within 1 to 2'],
    [range(undefined, 1e9), 1e300, 'failed', 'logs 1e+300 is outside max 1000000000'],
  ])('holds %o against %d: %s', (threshold, found, verdict, why) => {
    expect(measureExternal(externalMetric({ threshold }), value(found))).toEqual({ verdict, value: found, n: 0, why })
  })

  it.each<[ProviderResult, string, string]>([
    [{ kind: 'noData', why: 'the query found no series' }, 'inconclusive', 'logs: the query found no series'],
    [{ kind: 'error', why: 'it is away' }, 'error', 'logs: it is away'],
    [value(Number.NaN), 'error', 'logs: the provider gave no finite number'],
    [value(Number.POSITIVE_INFINITY), 'error', 'logs: the provider gave no finite number'],
    [value(Number.NEGATIVE_INFINITY), 'error', 'logs: the provider gave no finite number'],
  ])('finds no value in %j', (result, verdict, why) => {
    for (const threshold of [range(undefined, 1), range(0), range()])
      expect(measureExternal(externalMetric({ threshold }), result)).toEqual({ verdict, value: undefined, n: 0, why })
  })
})
