import { seededRandom } from '../../../src/simulate/random.ts'
import type { Random } from '../../../src/simulate/random.ts'

/** Random choices from one stream. */
export interface Draw {
  readonly random: Random
  chance(probability: number): boolean
  between(least: number, most: number): number
  whole(least: number, most: number): number
  pick<T>(items: readonly T[]): T
}

/** A stream of its own for each name, so that what one part draws does not change what another one does. */
export function streamOf(seed: number, name: string): Random {
  return seededRandom(seed * 4_294_967_296 + hashOf(name))
}

export function draw(random: Random): Draw {
  const between = (least: number, most: number): number => least + random() * (most - least)
  const whole = (least: number, most: number): number => Math.floor(between(least, most + 1))
  return {
    random,
    between,
    whole,
    chance: (probability) => random() < probability,
    pick(items) {
      const item = items[whole(0, items.length - 1)]
      if (item === undefined) throw new Error('there is nothing to pick from')
      return item
    },
  }
}

/** FNV-1a. */
export function hashOf(text: string): number {
  let hash = 0x811c9dc5
  for (let index = 0; index < text.length; index++) hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193)
  return hash >>> 0
}

/** A number in [0, 1) that belongs to the text. */
export function fractionOf(text: string): number {
  return (Math.imul(hashOf(text), 0x9e3779b1) >>> 0) / 2 ** 32
}
