import type { Random } from './random.ts'

/** The stable version's failure rate from look to look; a new one for each run. */
export type Drift = (random: Random) => (look: number) => number

export const constant =
  (rate: number): Drift =>
  () =>
  () =>
    rate

/** 1 %, and in every ten minutes up to a minute in which 5 to 95 % fail. */
export const outage: Drift = (random) => outages(random, { every: 600, longest: 60, least: 0.05 })

/** 1 %, and in every minute up to half a minute in which 50 to 95 % fail. */
export const heavyOutage: Drift = (random) => outages(random, { every: 60, longest: 30, least: 0.5 })

/** 1 % and twenty times that, in turn, for ten minutes each on average. */
export const step: Drift = (random) => {
  let rate = 0.01
  return () => {
    if (random.uniform() < 1 / 600) rate = rate === 0.01 ? 0.2 : 0.01
    return rate
  }
}

/** From 0.1 % to 19 % and back in ten minutes. */
export const sine: Drift = (random) => {
  const phase = random.uniform()
  return (look) => 0.001 + 0.0945 * (1 - Math.cos(2 * Math.PI * (phase + look / 600)))
}

/** A random walk of the log-odds from 1 %, kept between 0.1 % and 50 %. */
export const walk: Drift = (random) => {
  let odds = Math.log(0.01 / 0.99)
  return () => {
    odds = Math.min(0, Math.max(Math.log(0.001), odds + 0.05 * random.normal()))
    return 1 / (1 + Math.exp(-odds))
  }
}

/** 0.1 % and 50 % in turn, every look. */
export const flip: Drift = () => (look) => (look % 2 === 0 ? 0.001 : 0.5)

interface Outages {
  readonly every: number
  readonly longest: number
  readonly least: number
}

function outages(random: Random, { every, longest, least }: Outages): (look: number) => number {
  let begin = 0
  let end = 0
  let rate = 0.01
  return (look) => {
    if (look % every === 0) {
      const length = Math.ceil(random.uniform() * longest)
      begin = look + Math.floor(random.uniform() * (every - length))
      end = begin + length
      rate = least + random.uniform() * (0.95 - least)
    }
    return look >= begin && look < end ? rate : 0.01
  }
}
