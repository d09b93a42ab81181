import { describe, expect, it } from 'vitest'
import { axis, chart } from '../../src/cli/view/chart.ts'

const options = { height: 2, labelWidth: 4, top: '10', bottom: '0' }

describe('a chart', () => {
  it('stands in eighths of a line on a terminal', () => {
    expect(chart([0, 1 / 16, 0.5, 0.75, 1, 7, undefined, Number.NaN], { ...options, unicode: true })).toEqual([
      '  10 │   ▄██',
      '   0 │ ▁████',
    ])
  })

  it('stands in characters that every log has elsewhere', () => {
    expect(chart([0, 0.001, 0.5, 0.75, 1], { ...options, unicode: false })).toEqual(['  10 |   :#', '   0 | .###'])
  })

  it('labels a single line with its top', () => {
    expect(chart([1], { ...options, height: 1, unicode: true })).toEqual(['  10 │█'])
  })

  it('has its marks below, as far as there is room', () => {
    const marks = [
      { column: 12, text: '2m' },
      { column: 0, text: '0s' },
      { column: 2, text: 'no room' },
      { column: 18, text: 'too long' },
    ]
    expect(axis(marks, { labelWidth: 4, width: 20 })).toBe('      0s          2m')
  })
})
