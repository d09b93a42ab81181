import semver from 'semver'
import type { Accepts } from '../contracts/handler.ts'
import type { BrokerMessage } from '../contracts/message.ts'

export function isRange(text: string): boolean {
  return semver.validRange(text) !== null
}

/**
 * Whether a version can handle a message of this kind. Without the header it can: publishers that know of no versions write none. A value that
 * is no version is nobody's.
 */
export function isAccepted({ header, range }: Accepts, { headers }: Pick<BrokerMessage, 'headers'>): boolean {
  const value = Object.hasOwn(headers, header) ? headers[header] : undefined
  if (value === undefined || value === null) return true
  const version = versionIn(value)
  return version !== undefined && semver.satisfies(version, range, { includePrerelease: true })
}

/** `2`, `2.1` and `v2.1` are the first of what they could be: `2.0.0`, `2.1.0`. */
function versionIn(value: unknown): string | undefined {
  if (typeof value !== 'string' && typeof value !== 'number') return undefined
  const [, major, minor, patch, rest] =
    /^v?(\d+)(?:\.(\d+))?(?:\.(\d+))?((?:-|\+).*)?$/i.exec(String(value).trim()) ?? []
  if (major === undefined) return undefined
  return semver.valid(`${Number(major)}.${Number(minor ?? 0)}.${Number(patch ?? 0)}${rest ?? ''}`) ?? undefined
}
