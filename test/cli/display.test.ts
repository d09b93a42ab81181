import { describe, expect, it } from 'vitest'
import { openDisplay } from '../../src/cli/display.ts'
import { clip, elapsed, painter } from '../../src/cli/view/text.ts'
import { statusOf } from '../../src/status/snapshot.ts'
import { secondStep } from '../status/fixtures.ts'
import { fakeIo } from './fake-io.ts'

const status = statusOf(secondStep())

describe('a display', () => {
  it('draws over what it drew before on a terminal, and gives the cursor back', () => {
    const io = fakeIo({ terminal: true })
    const display = openDisplay(io, false)
    display.show([status])
    const first = io.stdout()
    const lines = first.split('\n').length - 1
    display.show([{ ...status, why: 'something else' }])
    const second = io.stdout().slice(first.length)
    display.close()
    display.close()
    expect(first.startsWith('\u001b[?25l')).toBe(true)
    expect(first).toContain('step 1 passed')
    expect(second.startsWith(`\u001b[${lines}A\r`)).toBe(true)
    expect(second).toContain('something else')
    expect(io.stdout().split('\u001b[?25h')).toHaveLength(2)
  })

  it('keeps notes below the view, within the terminal', () => {
    const io = fakeIo({ terminal: true, columns: 40 })
    const display = openDisplay(io, false)
    display.show([status])
    const before = io.stdout().length
    display.note('nobody moves this queue, as far as can be seen from here')
    const last = io.stdout().slice(before).split('\n').at(-2)
    expect(last).toBe('! nobody moves this queue, as far as c…\u001b[K')
  })

  it('draws a line for each of several queues', () => {
    const io = fakeIo({ terminal: true })
    openDisplay(io, false).show([status, { ...status, queue: 'bills' }])
    expect(io.stdout()).toMatch(/orders {2}Progressing.*\n.*bills {2}Progressing/)
    expect(io.stdout()).not.toContain('Verdicts')
  })

  it('prints a line per change and per queue elsewhere', () => {
    const io = fakeIo()
    const display = openDisplay(io, false)
    display.show([status, { ...status, queue: 'bills' }])
    display.show([
      { ...status, harmed: 4 },
      { ...status, queue: 'bills', phase: 'Paused' },
    ])
    display.note('a note')
    display.close()
    const lines = io.stdout().trimEnd().split('\n')
    expect(
      lines.map((line) =>
        line
          .replace(/^\d\d:\d\d:\d\dZ {2}/, '')
          .split('  ')
          .slice(0, 2),
      ),
    ).toEqual([
      ['orders', 'Progressing'],
      ['bills', 'Progressing'],
      ['bills', 'Paused'],
    ])
    expect(io.stderr()).toBe('a note\n')
  })

  it('prints every decision elsewhere, also those that it did not see happen', () => {
    const io = fakeIo()
    const display = openDisplay(io, false)
    display.show([status])
    const entry = { at: '2030-01-01T12:00:01.000Z', elapsedMs: 190_000, step: 1, numbers: { harmed: 25 } }
    const history = [
      ...status.history,
      { ...entry, phase: 'RollingBack' as const, why: 'the budget is spent' },
      { ...entry, phase: 'RolledBack' as const, why: 'drained' },
    ]
    display.show([{ ...status, phase: 'RolledBack', why: 'drained', history }])
    display.show([{ ...status, phase: 'RolledBack', why: 'drained', history, sequence: 99 }])
    expect(io.stdout().trimEnd().split('\n').slice(1)).toEqual([
      '12:00:01Z  orders  RollingBack  v1 -> v2  the budget is spent  (harmed 25)',
      '12:00:01Z  orders  RolledBack  v1 -> v2  drained  (harmed 25)',
    ])
  })

  it('shows what is wrong with the records of a queue beside the others, once', () => {
    const [screen, lines] = [fakeIo({ terminal: true }), fakeIo()]
    const odd = {
      queue: 'odd',
      namespace: 'default',
      error: { code: 'RECORD_INVALID', message: 'no\u001b[2J' },
    } as const
    openDisplay(screen, false).show([odd, status])
    expect(screen.stdout()).toMatch(/odd {2}RECORD_INVALID {2}no.*\n.*orders {2}Progressing/)
    const display = openDisplay(lines, false)
    for (const entry of [odd, odd, { ...status, queue: 'odd' }, odd]) display.show([entry, status])
    expect(
      lines
        .stdout()
        .trimEnd()
        .split('\n')
        .map((line) => line.split('  ').slice(1, 3).join(' ')),
    ).toEqual(['odd RECORD_INVALID', 'orders Progressing', 'odd Progressing', 'odd RECORD_INVALID'])
    expect(lines.stdout()).not.toContain('\u001b')
  })

  it('prints lines on a terminal whose cursor cannot be moved', () => {
    const io = fakeIo({ terminal: true, dumb: true })
    const display = openDisplay(io, false)
    display.show([status])
    display.close()
    expect(io.stdout()).toMatch(/^\d\d:\d\d:\d\dZ {2}orders {2}Progressing [^\n]*\n$/)
    expect(io.stdout()).not.toContain('\u001b')
  })

  it('begins anew with another rollout', () => {
    const io = fakeIo()
    const display = openDisplay(io, false)
    display.show([status])
    display.show([{ ...status, rollout: 'r2' }])
    expect(io.stdout().trimEnd().split('\n')).toHaveLength(1 + status.history.length)
  })

  it('prints a document per change and nothing else for scripts, also on a terminal', () => {
    const io = fakeIo({ terminal: true })
    const display = openDisplay(io, true)
    display.show([status])
    display.show([status])
    display.show([{ ...status, harmed: 4 }])
    display.note('a note')
    display.close()
    expect(io.documents()).toEqual([status, { ...status, harmed: 4 }])
  })
})

describe('texts', () => {
  it.each([
    [0, '0s'],
    [999, '1s'],
    [59_400, '59s'],
    [60_000, '1m00s'],
    [3_599_000, '59m59s'],
    [3_600_000, '1h00m'],
    [86_400_000 + 3 * 3_600_000, '1d03h'],
  ])('%i ms is %s', (ms, text) => {
    expect(elapsed(ms)).toBe(text)
  })

  it.each([
    ['abcdef', 6, 'abcdef'],
    ['abcdef', 5, 'abcd…'],
    ['abcdef', 1, '…'],
    ['abcdef', 0, ''],
    ['äöü→x', 4, 'äöü…'],
  ])('%s cut to %i is %s', (text, columns, cut) => {
    expect(clip(text, columns)).toBe(cut)
  })

  it('keeps colours closed when it cuts', () => {
    const paint = painter(true)
    expect(clip(`${paint('red', 'abc')}def`, 2)).toBe(paint('red', 'a…'))
  })
})
