import { describe, expect, it } from 'vitest'
import { exitCodeOf, exitCodeOfPhase } from '../../src/cli/exit-codes.ts'
import { phases } from '../../src/core/rollout/rollout.ts'
import { QueueCanaryError } from '../../src/errors.ts'
import type { ErrorCode } from '../../src/errors.ts'

describe('exit codes', () => {
  it.each<[ErrorCode, number]>([
    ['USAGE', 2],
    ['POLICY_INVALID', 2],
    ['POLICY_UNSUPPORTED', 2],
    ['ENVIRONMENT_INVALID', 2],
    ['HANDLER_INVALID', 2],
    ['COMMAND_REFUSED', 2],
    ['NOT_FOUND', 2],
    ['QUEUE_MISSING', 2],
    ['TIMED_OUT', 5],
    ['BROKER_UNREACHABLE', 6],
    ['STORE_UNREACHABLE', 6],
    ['RECORD_INVALID', 1],
    ['RECORD_TOO_LARGE', 1],
  ])('%s: %i', (code, expected) => {
    expect(exitCodeOf(new QueueCanaryError(code, 'x'))).toBe(expected)
  })

  it.each([new Error('x'), undefined, 'USAGE', { code: 'USAGE' }])('anything else is unexpected: %s', (error) => {
    expect(exitCodeOf(error)).toBe(1)
  })

  it('ends a wait at the end of a rollout, and at a hold only where that was asked for', () => {
    const ends = phases.flatMap((phase) => {
      const [waiting, asked] = [exitCodeOfPhase(phase, false), exitCodeOfPhase(phase, true)]
      return asked === undefined ? [] : [[phase, waiting, asked]]
    })
    expect(ends).toEqual([
      ['Paused', undefined, 4],
      ['WaitingPromotion', undefined, 4],
      ['Succeeded', 0, 0],
      ['RolledBack', 3, 3],
    ])
    expect(exitCodeOfPhase(null, true)).toBeUndefined()
  })
})
