import { batchCounter } from '../state/schema.ts'
import { configure, type Invocation } from './invocation.ts'
import { openStores } from '../wiring/open-service.ts'

/** Shows, and deletes if that is wanted, what the points store holds of batches that state does not know. */
export async function runReconcile(
  invocation: Invocation,
  { delete: wanted = false }: { delete?: boolean },
): Promise<number> {
  const { config, log } = await configure(invocation)
  await using stores = await openStores(config, log, { reconciling: true })
  const { db, store } = stores
  const { print } = invocation
  // Nobody gets a number while the counter is locked.
  return await db.transaction(async (tx) => {
    const [counter] = await tx.select({ value: batchCounter.value }).from(batchCounter).for('update')
    const known = counter!.value
    const newest = await store.highestBatch()
    if (newest <= known) {
      print(`The points store holds nothing that state does not know (batch ${known} is the newest): nothing to do.\n`)
      return 0
    }
    const everything = { begin: 0, end: 2 ** 40, types: [], attributes: new Map(), offset: 0, limit: 0 }
    const count = async (highest: number) =>
      (await store.retrieve(everything, { highest, hidden: [], tombstones: [] })).total
    const points = (await count(newest)) - (await count(known))
    const what = `${points} points of the batches ${known + 1} to ${newest}, which state does not know`
    if (!wanted) {
      print(`The points store holds ${what}. If state was restored, delete them: cloudtabbyd reconcile --delete\n`)
      return 1
    }
    await store.deleteBatchesAbove(known)
    print(`Deleted ${what}.\n`)
    return 0
  })
}
