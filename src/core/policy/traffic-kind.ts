/** How messages come in a simulation: what `policy simulate --traffic` and `tests[].given.traffic` may say. */
export const trafficKinds = ['steady', 'bursts', 'sine', 'outages', 'trickle', 'backlog'] as const
export type TrafficKind = (typeof trafficKinds)[number]
