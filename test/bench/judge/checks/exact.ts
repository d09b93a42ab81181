import { meanFactor, randomPoint } from '../../../core/evidence/one-message.ts'
import { allVectors } from '../../../core/evidence/vectors.ts'
import { seededRandom } from '../../../support/seeded-random.ts'
import { below } from '../check.ts'
import type { Check } from '../check.ts'

export const vectors: Check = {
  id: 'A1',
  run() {
    const errors = allVectors().map(({ expected, found }) => Math.abs(found / expected - 1))
    return [
      below('A1', 'reference vectors, largest relative error', 1e-6, {
        value: Math.max(...errors),
        error: 0,
        runs: errors.length,
      }),
    ]
  },
}

export const oneMessage: Check = {
  id: 'A2',
  run({ seed }) {
    const random = seededRandom(seed)
    const points = 100_000
    let largest = 0
    for (let point = 0; point < points; point++) largest = Math.max(largest, meanFactor(randomPoint(random)))
    return [
      below('A2', 'expectation of one message where the null holds, less 1', 1e-12, {
        value: largest - 1,
        error: 0,
        runs: points,
      }),
    ]
  },
}
