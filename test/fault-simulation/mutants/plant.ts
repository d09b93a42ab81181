import { registerHooks } from 'node:module'
import type { Patch } from './mutant.ts'
import { mutants } from './mutants.ts'

const root = new URL('../../../', import.meta.url).href

/**
 * Plants a bug in this process: what is loaded from now on has it. Each patch replaces one snippet of one file, which must be there exactly once, so that
 * a mutant of code that has changed is noticed.
 */
export function plant(name: string): void {
  const mutant = mutants.find((known) => known.name === name)
  if (mutant === undefined) throw new Error(`there is no mutant ${name}`)
  const patches = Map.groupBy(mutant.patches, ({ file }) => `${root}${file}`)
  registerHooks({
    load(url, context, nextLoad) {
      const loaded = nextLoad(url, context)
      const own = patches.get(url)
      return own === undefined ? loaded : { ...loaded, source: own.reduce(replaced, textOf(loaded.source)) }
    },
  })
}

function textOf(source: unknown): string {
  if (typeof source === 'string') return source
  if (source instanceof Uint8Array) return Buffer.from(source).toString('utf8')
  throw new Error('a module without a source cannot be patched')
}

/** Throws unless the snippet is there exactly once. */
export function replaced(source: string, { file, find, put }: Patch): string {
  const parts = source.split(find)
  if (parts.length === 2) return parts.join(put)
  throw new Error(`${file}: expected the snippet exactly once, found it ${parts.length - 1} times: ${find}`)
}
