import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { consumerReportReader, envelope, queueStateReader } from '../../../src/core/rollout/codec.ts'
import type { Reader } from '../../../src/core/schema/reader.ts'
import { parseWith } from '../../../src/core/schema/reader.ts'
import { arbitraryReport, arbitraryState } from '../../support/arbitrary-records.ts'
import { buildReport } from '../../support/build-report.ts'
import { buildState } from '../../support/build-rollout.ts'

const throughJson = (value: unknown): unknown => JSON.parse(JSON.stringify(value))

function readable<T>(reader: Reader<T>, value: unknown): boolean {
  return parseWith(reader, value).ok
}

describe('the codec', () => {
  it('reads back every state that can be written', () => {
    fc.assert(
      fc.property(arbitraryState, (state) => {
        expect(parseWith(queueStateReader, throughJson(state))).toEqual({ ok: true, value: state })
      }),
    )
  })

  it('reads back every report that can be written', () => {
    fc.assert(
      fc.property(arbitraryReport, (report) => {
        expect(parseWith(consumerReportReader, throughJson(report))).toEqual({ ok: true, value: report })
      }),
    )
  })

  it('drops keys that it does not know, at every depth', () => {
    const known = buildState()
    const newer = {
      ...known,
      novel: 1,
      lease: { ...known.lease, novel: [] },
      rollout: { ...known.rollout, novel: { a: 1 } },
    }
    expect(parseWith(queueStateReader, throughJson(newer))).toEqual({ ok: true, value: known })
    const lane = { ...known, allocations: { ...known.allocations, canary: { kind: 'none', novel: 1 } } }
    expect(parseWith(queueStateReader, throughJson(lane))).toEqual({ ok: true, value: known })
  })

  it('reads what an older release wrote, which does not know of newer keys', () => {
    const state = buildState({ phase: 'RolledBack' })
    const rollout = { ...state.rollout, poison: undefined, exhaustedMs: undefined, comparison: undefined }
    expect(parseWith(queueStateReader, throughJson({ ...state, rollout }))).toEqual({ ok: true, value: state })
    const report = { ...buildReport(), cohorts: undefined, errors: undefined, handlerTimeoutMs: undefined }
    const read = parseWith(consumerReportReader, throughJson(report))
    expect(read).toEqual({ ok: true, value: { ...report, cohorts: {}, errors: {}, handlerTimeoutMs: 30_000 } })
  })

  it.each([0, 2, '1', 1.5, null, undefined])('refuses format %s', (format) => {
    const record = { format, kind: 'queue', content: throughJson(buildState()) }
    expect(readable(envelope('queue', queueStateReader), record)).toBe(false)
    expect(readable(envelope('queue', queueStateReader), { ...record, format: 1 })).toBe(true)
  })

  it('refuses a record of another kind', () => {
    const record = { format: 1, kind: 'consumer', content: throughJson(buildState()) }
    expect(readable(envelope('queue', queueStateReader), record)).toBe(false)
  })

  it.each([
    ['negative', -1],
    ['fractional', 1.5],
    ['beyond exact numbers', 2 ** 53],
    ['huge', 1e308],
    ['NaN', NaN],
    ['infinite', Infinity],
    ['a text', '1'],
    ['null', null],
    ['a list', [1]],
    ['missing', undefined],
  ])('refuses a count that is %s', (_, bad) => {
    const report = buildReport()
    expect(readable(consumerReportReader, { ...report, beat: bad })).toBe(false)
    expect(readable(consumerReportReader, { ...report, counts: { ...report.counts, failed: bad } })).toBe(false)
    expect(readable(consumerReportReader, { ...report, durations: { 3: bad } })).toBe(false)
    expect(readable(queueStateReader, { ...buildState(), epoch: bad })).toBe(false)
  })

  it('refuses counts of one consumer that would make the sum of many inexact', () => {
    const report = buildReport()
    expect(readable(consumerReportReader, { ...report, counts: { ...report.counts, taken: 2 ** 43 } })).toBe(true)
    expect(readable(consumerReportReader, { ...report, counts: { ...report.counts, taken: 2 ** 43 + 1 } })).toBe(false)
  })

  it.each(['401', '-1', '01', '1.5', 'x', '', '__proto__', 'constructor', '1e1'])('refuses the bucket %s', (bucket) => {
    expect(readable(consumerReportReader, JSON.parse(`{"durations":{"${bucket}":1}}`))).toBe(false)
    expect(readable(consumerReportReader, { ...buildReport(), durations: JSON.parse(`{"${bucket}":1}`) })).toBe(false)
  })

  it.each([
    ['phase', { phase: 'Done' }],
    ['hold', { hold: 'forever' }],
    ['history', { history: {} }],
    ['numbers', { history: [{ at: '', elapsedMs: 0, phase: 'Paused', step: 0, why: '', numbers: { a: null } }] }],
    ['metrics', { metrics: { a: {} } }],
    ['carriedOut', { carriedOut: [1] }],
  ])('refuses a rollout with a wrong %s', (_, parts) => {
    expect(
      readable(queueStateReader, throughJson({ ...buildState(), rollout: { ...buildState().rollout, ...parts } })),
    ).toBe(false)
  })

  it.each([
    { kind: 'throttled', weight: 101, concurrency: 1, delayMs: 0 },
    { kind: 'throttled', weight: 10, concurrency: -1, delayMs: 0 },
    { kind: 'drain', timeoutMs: 1 },
    { kind: '__proto__' },
    {},
    null,
  ])('refuses the lane %j', (lane) => {
    const { allocations, ...rest } = buildState()
    expect(readable(queueStateReader, { ...rest, allocations: { ...allocations, canary: lane } })).toBe(false)
  })
})
