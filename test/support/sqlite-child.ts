/** A process of its own that works on a store file: `node sqlite-child.ts <command> <path> <number>`. Says on stdout what it has done. */
import { DatabaseSync } from 'node:sqlite'
import { setTimeout as sleep } from 'node:timers/promises'
import { sqliteStore } from '../../adapters/stores/sqlite/index.ts'
import { increment } from './increment.ts'
import { stormContent } from './storm-content.ts'

const [command = '', path = '', number = '0'] = process.argv.slice(2)

const commands: Readonly<Record<string, () => Promise<void>>> = {
  async increment() {
    say(`${await increment(sqliteStore({ path, deadlineMs: 60_000 }), 'counter', Number(number))}`)
  },
  /** Writes ten documents in turns until it is killed, and says each finished write. */
  async storm() {
    const store = sqliteStore({ path })
    const revisions = new Map<string, string | undefined>()
    for (let step = 0; ; step++) {
      const key = `doc/${step % 10}`
      revisions.set(key, await store.put(key, stormContent(step), revisions.get(key)))
      say(`${step}`)
      if (step % 20 === 0) await sleep(0)
    }
  },
  lockWriters: () => hold(''),
  lockEverybody: () => hold('PRAGMA locking_mode = EXCLUSIVE;'),
}

/** Holds a lock until SIGTERM. */
async function hold(mode: string): Promise<void> {
  const database = new DatabaseSync(path, { timeout: 5_000 })
  database.exec(`${mode} BEGIN EXCLUSIVE`)
  const released = new Promise((resolve) => process.once('SIGTERM', resolve))
  const living = setInterval(() => {}, 1_000)
  say('locked')
  await released
  clearInterval(living)
  database.exec('ROLLBACK')
  database.close()
}

function say(line: string): void {
  process.stdout.write(`${line}\n`)
}

await commands[command]?.()
