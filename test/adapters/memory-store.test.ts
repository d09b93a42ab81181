import { memoryStore } from '../../adapters/memory.ts'
import { storeContract } from '../contract/store-contract.ts'

storeContract({
  name: 'memory',
  skip: {
    'close: of one client leaves the others at work': 'all clients share one object, closing it is closing all',
    'restart: documents and revisions outlive every client': 'nothing outlives the object',
  },
  async open() {
    const store = memoryStore()
    const empty = async (): Promise<void> => {
      for (const { key } of await store.list('')) await store.delete(key)
    }
    return { connect: () => store, dispose: () => store.close(), empty }
  },
})
