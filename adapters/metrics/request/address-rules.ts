import { lookup } from 'node:dns/promises'
import type { LookupAddress, LookupOptions } from 'node:dns'
import { BlockList, isIP } from 'node:net'
import type { LookupFunction } from 'node:net'

/** A host that may be asked; without a port, at every port of it. As a URL has it: lower case, IPv6 in brackets. */
export interface AllowedHost {
  readonly host: string
  readonly port: number | undefined
}

/** All addresses of a host name. */
export type Resolve = (host: string, options: LookupOptions) => Promise<readonly LookupAddress[]>

/** A rule forbids it; the message is for people. */
export class Refusal extends Error {
  override readonly name = 'Refusal'
}

/** Throws a `Refusal` where the URL's host is not allowed, or is an address that never is. */
export function checkHost(url: URL, hosts: readonly AllowedHost[] | undefined): void {
  const port = Number(url.port) || (url.protocol === 'https:' ? 443 : 80)
  const listed = hosts?.some((each) => each.host === url.hostname && (each.port ?? port) === port) ?? true
  if (!listed) throw new Refusal('it is not among the hosts of QUEUE_CANARY_METRICS_HOSTS')
  const address = url.hostname.replaceAll(/[[\]]/g, '')
  if (isIP(address) !== 0 && isForbidden(address)) throw new Refusal(forbidden)
}

/**
 * A lookup for sockets: they connect to what it returns and look nothing up again, so no answer of a name server can lead elsewhere once the
 * rules have seen it.
 */
export function guardedLookup(resolve: Resolve = lookupAll): LookupFunction {
  const answer = async (...[host, options, callback]: Parameters<LookupFunction>): Promise<void> => {
    const found = await allowedAddresses(resolve, host, options)
    if (found instanceof Error) callback(found, [])
    else if (options.all === true) callback(null, found)
    else callback(null, found[0].address, found[0].family)
  }
  return (...question) => void answer(...question)
}

async function allowedAddresses(
  resolve: Resolve,
  host: string,
  options: LookupOptions,
): Promise<[LookupAddress, ...LookupAddress[]] | NodeJS.ErrnoException> {
  try {
    const found = await resolve(host, { ...options, all: true })
    const [first, ...others] = found.filter(({ address }) => !isForbidden(address))
    if (first === undefined) return new Refusal(found.length === 0 ? 'it has no address' : forbidden)
    return [first, ...others]
  } catch (error) {
    return error instanceof Error ? error : new Refusal('its name could not be resolved')
  }
}

/**
 * Addresses that no metric is at, and that a worker's credentials may be: link-local ones, the metadata services of the clouds, "this host",
 * multicast and reserved ones, also inside IPv6 forms of IPv4. Private and loopback addresses are where Prometheus lives.
 */
export function isForbidden(address: string): boolean {
  const version = isIP(address)
  return version === 0 || list.check(address, version === 6 ? 'ipv6' : 'ipv4')
}

const forbidden = 'its address is link-local, a metadata service, multicast or reserved, and is never asked'

const list = forbiddenAddresses()

function forbiddenAddresses(): BlockList {
  const addresses = new BlockList()
  const networks4 = [
    ['0.0.0.0', 8],
    ['169.254.0.0', 16],
    ['224.0.0.0', 4],
    ['240.0.0.0', 4],
    // Metadata of Alibaba Cloud, Oracle Cloud and Azure.
    ['100.100.100.200', 32],
    ['192.0.0.192', 32],
    ['168.63.129.16', 32],
  ] as const
  const networks6 = [
    // Unspecified, IPv4-compatible and loopback's neighbours, but not ::1.
    ['::', 128],
    ['::a9fe:0', 112],
    ['fe80::', 10],
    ['ff00::', 8],
    // Metadata of AWS and Google Cloud.
    ['fd00:ec2::254', 128],
    ['fd20:ce::254', 128],
    // 169.254.0.0/16 behind NAT64 and 6to4.
    ['64:ff9b::a9fe:0', 112],
    ['2002:a9fe::', 32],
  ] as const
  // A rule for IPv4 holds for its mapped form (::ffff:a.b.c.d) too.
  for (const [network, bits] of networks4) addresses.addSubnet(network, bits, 'ipv4')
  for (const [network, bits] of networks6) addresses.addSubnet(network, bits, 'ipv6')
  return addresses
}

async function lookupAll(host: string, options: LookupOptions): Promise<readonly LookupAddress[]> {
  return lookup(host, { ...options, all: true })
}
