import type { Logger } from 'pino'
import type { BatchId } from '../domain/snapshot.ts'
import { Fault } from '../lib/fault.ts'
import { mapBounded } from '../lib/map-bounded.ts'
import type { Batches } from '../state/batches.ts'
import type { StateDatabase } from '../state/database.ts'
import {
  adoptPoints,
  isWithoutBatches,
  listUndated,
  moveHome,
  noteRatedFrom,
  readPointsHome,
} from '../state/points-home.ts'
import { type LedgerRows, newestInLedger } from '../state/points-ledger.ts'
import type { PointStore } from '../storage/point-store.ts'
import { requireKnownBatches } from './require-known-batches.ts'

export interface OwnPointsParts {
  readonly db: StateDatabase
  readonly batches: Batches
  readonly store: PointStore
  readonly log: Logger
  /** The attribute that says who is billed. */
  readonly scopeKey: string
  /** Where the points lie, for people. */
  readonly where: string
}

/** What is lost was written last, or is everything: so many of the newest batches tell. */
const ASKED = 200
/** Scopes whose first point is looked for at the same time. */
const AT_ONCE = 4

/**
 * Throws `points.older_than_state` when the points store is not the one that state belongs to, or lacks what counts, and
 * `state.older_than_points` when it has what state does not know. State that has met no store yet, because it is new or of a
 * version that did not ask, belongs to this one from now on.
 */
export async function requireOwnPoints(parts: OwnPointsParts): Promise<void> {
  const { db, batches, store, where } = parts
  const home = await readPointsHome(db)
  // In this order: what state knows by now, the store has.
  const newest = await newestInLedger(db, ASKED)
  const identity = await store.identity()
  const isOther = home !== undefined && home.identity !== identity
  if (isOther && !(await isWithoutBatches(db))) {
    const what =
      (await store.highestBatch()) === 0
        ? `at ${where} is a points store that is empty and not the one that state belongs to`
        : `the points store at ${where} is another one than state belongs to`
    throw olderThanState(what, { identity, expected: home.identity })
  }
  await requireKnownBatches(batches, store)
  if (isOther) await moveHome(db, { identity, complete: true })
  if (home === undefined) await adopt(parts, identity)
  const gone = (await lostOf(store, newest)).map(({ batch }) => batch)
  if (gone.length === 0) return
  const which = `${gone.length} of the newest ${newest.length} batches that count (${Math.min(...gone)} to ${Math.max(...gone)})`
  throw olderThanState(`the points store at ${where} lacks ${which}`, { lacks: gone.length })
}

/** Those of the batches of which the store has not all that was handed over. */
export async function lostOf<T extends LedgerRows & { readonly batch: number }>(
  store: Pick<PointStore, 'written'>,
  batches: readonly T[],
): Promise<T[]> {
  const filled = batches.filter(({ points, samples }) => points > 0 || samples > 0)
  const written = await store.written(filled.map(({ batch }) => batch))
  return filled.filter(({ batch, points, samples }) => {
    const found = written.get(batch)
    return !found || found.points < points || found.samples < samples
  })
}

function olderThanState(what: string, detail: object): Fault {
  return new Fault(
    'points.older_than_state',
    `${what}: its path is wrong, its file or write-ahead log (.wal) was deleted or cut, or it came back from an older copy. Set the ` +
      'right one in [storage], restore a backup, or let `cloudtabbyd reconcile --points-lost` mark what is gone as not rated, ' +
      'so that it is collected again',
    detail,
  )
}

async function adopt({ db, batches, store, log, scopeKey, where }: OwnPointsParts, identity: string): Promise<void> {
  const undated = await listUndated(db)
  const snapshot = await batches.snapshot()
  let dated = 0
  // Nobody noted until now from when on a scope was rated: its first point tells.
  await mapBounded(undated, AT_ONCE, async ({ id, scopeId, nextBegin }) => {
    const attributes = new Map([[scopeKey, [scopeId]]])
    const { points } = await store.retrieve(
      { begin: 0, end: nextBegin, types: [], attributes, offset: 0, limit: 1 },
      snapshot,
    )
    if (!points[0]) return
    await noteRatedFrom(db, id, points[0].begin)
    dated++
  })
  const home = await adoptPoints(db, {
    identity,
    complete: await hasNotes(store, snapshot.highest).then((has) => !has),
  })
  if (undated.length > 0 && dated === 0) {
    const message = 'state has rated scopes, and this points store has no point of any: is it the right one?'
    log.warn({ where, scopes: undated.length }, message)
  }
  log.info({ where, identity: home.identity }, 'state belongs to this points store from now on')
}

/** Whether a store noted what it was given before state did: then state does not know all that its copies may lack. */
async function hasNotes(store: Pick<PointStore, 'written'>, highest: BatchId): Promise<boolean> {
  const newest = Array.from({ length: Math.min(highest, ASKED) }, (_, i) => highest - i)
  return (await store.written(newest)).size > 0
}
