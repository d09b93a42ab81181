import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { sqliteStore } from '../../adapters/stores/sqlite/index.ts'
import { storeContract } from '../contract/store-contract.ts'

storeContract({
  name: 'SQLite',
  async open() {
    const directory = await mkdtemp(join(tmpdir(), 'queue-canary-'))
    const path = join(directory, 'store.db')
    return {
      connect: () => sqliteStore({ path }),
      empty: async () => {
        for (const suffix of ['', '-wal', '-shm']) await rm(`${path}${suffix}`, { force: true })
      },
      dispose: () => rm(directory, { recursive: true, force: true }),
    }
  },
})
