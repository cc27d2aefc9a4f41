import { readPointsHome } from '../state/points-home.ts'
import { batchCounter } from '../state/schema.ts'
import type { PointStore } from '../storage/point-store.ts'
import { openStores } from '../wiring/open-stores.ts'
import { configure, type Invocation } from './invocation.ts'
import { type Reconciled, reconcileLost, type ReconcileFlags } from './reconcile-lost.ts'

/**
 * Shows in what the stores do not fit. Deletes, if that is wanted, what the points store holds of batches that state does not
 * know, and marks, if that is wanted, what it does not hold any more as not rated.
 */
export async function runReconcile(invocation: Invocation, flags: ReconcileFlags): Promise<number> {
  const { config, log } = await configure(invocation)
  await using stores = await openStores(config, log, { reconciling: true })
  const { print, ifEnded } = invocation
  if (flags.delete || flags.pointsLost) {
    ifEnded?.(() => 'points may be deleted, and nothing is marked in state; the same command again does the rest')
  }
  // Nobody gets a number while the counter is locked.
  const { status, tell } = await stores.db.transaction(async (tx) => {
    const [counter] = await tx.select({ value: batchCounter.value }).from(batchCounter).for('update')
    const home = await readPointsHome(tx)
    const isOther = home !== undefined && home.identity !== (await stores.store.identity())
    if (flags.pointsLost || isOther) return reconcileLost({ ...stores, db: tx }, flags)
    const unknown = await reconcileUnknown(stores, counter!.value, flags)
    if (unknown.status !== 0 || flags.delete) return unknown
    const lost = await reconcileLost({ ...stores, db: tx }, flags)
    return { status: lost.status, tell: () => `${unknown.tell()}${lost.tell()}` }
  })
  ifEnded?.(() => 'it is done')
  print(tell())
  return status
}

async function reconcileUnknown(
  { store }: { readonly store: PointStore },
  known: number,
  { delete: wanted = false }: ReconcileFlags,
): Promise<Reconciled> {
  const newest = await store.highestBatch()
  if (newest <= known) {
    const nothing = `The points store holds nothing that state does not know (batch ${known} is the newest): nothing to do.\n`
    return { status: 0, tell: () => nothing }
  }
  const everything = { begin: 0, end: 2 ** 40, types: [], attributes: new Map(), offset: 0, limit: 0 }
  const count = async (highest: number) =>
    (await store.retrieve(everything, { highest, hidden: [], tombstones: [] })).total
  const points = (await count(newest)) - (await count(known))
  const what = `${points} points of the batches ${known + 1} to ${newest}, which state does not know`
  if (!wanted) {
    return {
      status: 1,
      tell: () =>
        `The points store holds ${what}. If state was restored, delete them: cloudtabbyd reconcile --delete\n`,
    }
  }
  await store.deleteBatchesAbove(known)
  return { status: 0, tell: () => `Deleted ${what}.\n` }
}
