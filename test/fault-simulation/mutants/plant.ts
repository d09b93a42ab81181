import { registerHooks } from 'node:module'
import { mutants } from './mutants.ts'

const root = new URL('../../../', import.meta.url).href

/**
 * Plants a bug in this thread: what is loaded from now on has it. Each patch replaces one snippet of one file, which must be there exactly once, so that
 * a mutant of code that has changed is noticed.
 */
export function plant(name: string): void {
  const mutant = mutants.find((known) => known.name === name)
  if (mutant === undefined) throw new Error(`there is no mutant ${name}`)
  const patched = new Map(mutant.patches.map((patch) => [`${root}${patch.file}`, patch]))
  registerHooks({
    load(url, context, nextLoad) {
      const loaded = nextLoad(url, context)
      const patch = patched.get(url)
      if (patch === undefined) return loaded
      return { ...loaded, source: replaced(textOf(loaded.source), patch) }
    },
  })
}

function textOf(source: unknown): string {
  if (typeof source === 'string') return source
  if (source instanceof Uint8Array) return Buffer.from(source).toString('utf8')
  throw new Error('a module without a source cannot be patched')
}

/** Throws unless the snippet is there exactly once. */
export function replaced(
  source: string,
  { file, find, put }: { readonly file: string; readonly find: string; readonly put: string },
): string {
  const parts = source.split(find)
  if (parts.length === 2) return parts.join(put)
  throw new Error(`${file}: expected the snippet exactly once, found it ${parts.length - 1} times: ${find}`)
}
