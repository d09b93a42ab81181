import fc from 'fast-check'
import { expect, test } from 'vitest'
import { ReadyList } from '../../adapters/brokers/memory/ready-list.ts'
import type { StoredMessage } from '../../adapters/brokers/memory/stored-message.ts'

/** A move takes a message, puts the n-th taken one back, or adds one. */
const moves = fc.array(fc.oneof(fc.constant('add' as const), fc.constant('take' as const), fc.nat()), {
  maxLength: 300,
})

test('messages come out in order of position, whatever was put back when', () => {
  fc.assert(
    fc.property(moves, (script) => {
      expect(play(script).filter(({ found, expected }) => found !== expected)).toEqual([])
    }),
  )
})

test('a long backlog keeps its order while it is taken and filled', () => {
  const script = Array.from({ length: 12_000 }, (_, index) => (index < 4_000 || index % 2 === 0 ? 'add' : 'take'))
  const takes = play(script)
  expect(takes.length).toBe(4_001)
  expect(takes.filter(({ found, expected }) => found !== expected)).toEqual([])
})

/** Plays the moves on the list and on a sorted array; what each take found, and the sizes at the end. */
function play(
  script: readonly ('add' | 'take' | number)[],
): { found: number | undefined; expected: number | undefined }[] {
  const list = new ReadyList()
  const model: number[] = []
  const taken: number[] = []
  const takes = []
  let positions = 0
  for (const move of script) {
    if (move === 'add') {
      model.push(positions)
      list.append(at(positions++))
    } else if (move === 'take') {
      const expected = model.shift()
      takes.push({ found: list.take()?.position, expected })
      taken.push(...(expected === undefined ? [] : [expected]))
    } else {
      for (const position of taken.splice(move % (taken.length + 1), 1)) {
        model.push(position)
        model.sort((a, b) => a - b)
        list.putBack(at(position))
      }
    }
  }
  return [...takes, { found: list.size, expected: model.length }]
}

function at(position: number): StoredMessage {
  const rest = {
    contentType: undefined,
    correlationId: undefined,
    group: undefined,
    handedBack: undefined,
    retried: undefined,
    expiresAt: undefined,
  }
  return {
    id: '',
    body: Buffer.of(),
    headers: {},
    sentAt: { now: 0, wall: 0 },
    deaths: [],
    returns: 0,
    deliveries: 0,
    position,
    ...rest,
  }
}
