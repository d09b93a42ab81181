import { readFileSync } from 'node:fs'

/** The version of this package, from the nearest manifest above this file that is ours. */
export function ownVersion(): string {
  for (let folder = new URL('.', import.meta.url); ; folder = new URL('..', folder)) {
    const manifest = readManifest(new URL('package.json', folder))
    if (manifest?.name === 'queue-canary' && typeof manifest.version === 'string') return manifest.version
    if (folder.pathname === '/') return 'unknown'
  }
}

function readManifest(url: URL): { readonly name?: unknown; readonly version?: unknown } | undefined {
  try {
    return JSON.parse(readFileSync(url, 'utf8')) as { readonly name?: unknown; readonly version?: unknown }
  } catch {
    return undefined
  }
}
