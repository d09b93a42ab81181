import { readFileSync } from 'node:fs'
import type { ConnectionOptions } from 'node:tls'
import { QueueCanaryError } from '../../../src/errors.ts'
import { invalid, parseAddress } from '../remote/address.ts'
import type { Address } from '../remote/address.ts'

/** Where the table is, and how to get there. */
export interface Location {
  readonly address: Address
  readonly user: string
  readonly database: string
  /** As it stands in statements: `name` or `schema.name`, of characters that need no quotes. */
  readonly table: string
  readonly tls: ConnectionOptions | false
}

const form = {
  expected: 'postgres[ql]://user:password@host:port/database?table=NAME&sslmode=verify-full&sslrootcert=FILE',
  protocols: ['postgres', 'postgresql'],
  defaultPort: 5432,
  options: {
    table: /^(?:[a-z_][a-z\d_]{0,62}\.)?[a-z_][a-z\d_]{0,62}$/,
    sslmode: /^(?:disable|require|verify-ca|verify-full)$/,
    sslrootcert: /^\P{Cc}+$/u,
  },
}

/** Throws `ENVIRONMENT_INVALID` for a URL of another form or a file of authorities that cannot be read. */
export function parseLocation(url: string): Location {
  const address = parseAddress(url, form)
  const { user, path: database, options } = address
  if (user === undefined || database === '' || database.includes('/')) throw invalid(form)
  return { address, user, database, table: options['table'] ?? 'queue_canary', tls: tlsOf(address) }
}

/** As libpq understands `sslmode`: `require` encrypts and believes any certificate, `verify-ca` any of a known authority. */
function tlsOf({ host, options }: Address): ConnectionOptions | false {
  const mode = options['sslmode'] ?? 'disable'
  if (mode === 'disable') return false
  if (mode === 'require') return { rejectUnauthorized: false }
  const file = options['sslrootcert']
  const authorities = file === undefined ? {} : { ca: read(file) }
  return mode === 'verify-full' ? { host, ...authorities } : { ...authorities, checkServerIdentity: () => undefined }
}

function read(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (cause) {
    throw new QueueCanaryError(
      'ENVIRONMENT_INVALID',
      `URL of the store: the file ${file} (sslrootcert) cannot be read`,
      {
        cause,
      },
    )
  }
}
