import type { PointStore } from '../../point-store.ts'
import { tablesOf } from '../tables.ts'

export interface Recycled {
  /** A store that is empty, in a database that another one may have used before it. */
  open(): Promise<PointStore>
}

/** Making a database with its tables costs ten times what emptying them does, and a contract has hundreds of tests. */
export function recycling(
  openIn: (database: string) => Promise<PointStore>,
  truncate: (table: string) => Promise<unknown>,
): Recycled {
  const free: string[] = []
  let made = 0
  return {
    async open() {
      const database = free.pop() ?? `contract ${process.pid} ${++made}`
      const store = await openIn(database)
      const close = store[Symbol.asyncDispose].bind(store)
      store[Symbol.asyncDispose] = async () => {
        await close()
        const { schemaVersion: _, ...tables } = tablesOf(database)
        for (const table of Object.values(tables)) await truncate(table)
        free.push(database)
      }
      return store
    },
  }
}
