export { httpMetrics } from './http-metrics.ts'
export type { HttpMetricsOptions } from './http-metrics.ts'
