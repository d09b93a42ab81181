import type { Json } from '../schema/reader.ts'

export const presetNames = ['careful', 'standard', 'fast'] as const
export type PresetName = (typeof presetNames)[number]

/** What a policy says where its file says nothing; as it would stand in the file. `standard` holds without `extends`. */
export interface Preset {
  readonly steps: readonly Json[]
  readonly maxFailedMessages: number
  readonly progressDeadline: string
  readonly promotionDuration: string
}

export const presets: Readonly<Record<PresetName, Preset>> = {
  careful: {
    steps: [
      { weight: '0.5%', concurrency: 1, duration: '15m', minSamples: 100 },
      { weight: '2%', duration: '15m', minSamples: 200 },
      { weight: '10%', duration: '30m', minSamples: 200 },
      { weight: '25%', duration: '30m', minSamples: 200 },
      { weight: '50%', duration: '1h', minSamples: 200 },
    ],
    maxFailedMessages: 10,
    progressDeadline: '8h',
    promotionDuration: '10m',
  },
  standard: {
    steps: [
      { weight: '1%', duration: '5m' },
      { weight: '5%', duration: '5m' },
      { weight: '25%', duration: '10m' },
      { weight: '50%', duration: '10m' },
    ],
    maxFailedMessages: 25,
    progressDeadline: '2h',
    promotionDuration: '10s',
  },
  fast: {
    steps: [
      { weight: '5%', duration: '30s' },
      { weight: '25%', duration: '30s' },
      { weight: '50%', duration: '1m' },
    ],
    maxFailedMessages: 25,
    progressDeadline: '15m',
    promotionDuration: '5s',
  },
}
