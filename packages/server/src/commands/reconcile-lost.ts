import { keptFrom } from '../domain/retention.ts'
import { formatInstant } from '../domain/period.ts'
import { AuditTrail } from '../state/audit.ts'
import { Maintenance } from '../state/maintenance.ts'
import { markEverythingLost, markLost, type Marked, type ToSend } from '../state/mark-lost.ts'
import { moveHome, readPointsHome } from '../state/points-home.ts'
import { type LedgerEntry, readLedger } from '../state/points-ledger.ts'
import type { Stores } from '../wiring/open-stores.ts'
import { lostOf } from '../wiring/require-own-points.ts'

export interface ReconcileFlags {
  /** Delete what does not belong to state. */
  readonly delete?: boolean
  /** Mark what is gone as not rated. */
  readonly pointsLost?: boolean
}

/** What a step found or did, told when it is certain. */
export interface Reconciled {
  readonly status: number
  readonly tell: () => string
}

type Parts = Pick<Stores, 'db' | 'store' | 'config'>

/** The oldest batches that are remembered: when one of these is gone, older ones may be. */
const OLDEST = 100

/**
 * Compares the points store with what state knows to be in it. With `--points-lost` marks what is gone as not rated; in the
 * transaction of `db`, after what of it is left in the store was deleted, so that again does the same.
 */
export async function reconcileLost({ db, store, config }: Parts, flags: ReconcileFlags): Promise<Reconciled> {
  const { options, store: points } = config
  const where = points.plugin.whereabouts(points.options)
  const identity = await store.identity()
  const home = (await readPointsHome(db)) ?? { identity, complete: false }
  const entries = await readLedger(db)
  const lost = await lostOf(store, entries)
  const isOther = identity !== home.identity
  if (!isOther && lost.length === 0) return told(0, `No points are gone from ${where}: nothing to do.\n`)

  const whole = isOther ? 'other' : reachesBack(entries, lost) && !home.complete ? 'old' : undefined
  const isEmpty = (await store.highestBatch()) === 0
  const what = describe(whole, { where, isEmpty, lost: lost.length })
  if (!flags.pointsLost) {
    const remedy =
      'Set the right path, restore a backup, or mark what is gone as not rated: cloudtabbyd reconcile --points-lost'
    return told(1, `${what} ${remedy}\n`)
  }
  if (whole && !isEmpty && !flags.delete) {
    return told(
      1,
      `${what} State cannot tell which of its points are right. Set the right path, restore a backup, or, if nobody needs what is in ` +
        'it, have all of it deleted and everything rated again: cloudtabbyd reconcile --points-lost --delete\n',
    )
  }
  const { period: periodSeconds } = options.collect
  if (whole) await store.deleteBatchesAbove(0)
  else await store.deleteBatches(lost.map(({ batch }) => batch))
  const marked = whole
    ? await markEverythingLost(db, {
        periodSeconds,
        keptFrom: keptFrom(await new Maintenance(db).now(), options.storage.retention_period, options.collect.timezone),
      })
    : await markLost(db, new Set(lost.map(({ batch }) => batch)), { periodSeconds })
  await moveHome(db, { identity, complete: whole !== undefined || home.complete })
  const { scopes, scopePeriods } = extent(marked, periodSeconds)
  await new AuditTrail({ who: 'cloudtabbyd reconcile' }).record(db, {
    action: 'reset',
    kind: 'points_store',
    target: identity,
    before: { identity: home.identity },
    after: {
      identity,
      scopes,
      scope_periods: scopePeriods,
      to_send_again: marked.toSend.length,
      ...(whole ? {} : { batches: lost.length }),
    },
  })
  return { status: 0, tell: () => `${what}\n${report(marked, periodSeconds)}` }
}

function told(status: number, text: string): Reconciled {
  return { status, tell: () => text }
}

function reachesBack(entries: readonly LedgerEntry[], lost: readonly LedgerEntry[]): boolean {
  const gone = new Set(lost)
  return entries
    .filter(({ points, samples }) => points > 0 || samples > 0)
    .slice(0, OLDEST)
    .some((entry) => gone.has(entry))
}

function describe(
  whole: 'other' | 'old' | undefined,
  { where, isEmpty, lost }: { readonly where: string; readonly isEmpty: boolean; readonly lost: number },
): string {
  if (whole === 'old') return `The points store (${where}) is older than all that state remembers one by one.`
  if (whole === undefined) return `${lost} batches that count are gone from the points store (${where}).`
  return isEmpty
    ? `The points store (${where}) is new and empty: all that state knows of is gone.`
    : `The points store (${where}) is another one than state belongs to.`
}

function extent({ periods }: Marked, periodSeconds: number) {
  return {
    scopes: new Set(periods.map(({ scopeId }) => scopeId)).size,
    scopePeriods: periods.reduce((sum, { period }) => sum + (period.end - period.begin) / periodSeconds, 0),
  }
}

function report(marked: Marked, periodSeconds: number): string {
  const { scopes, scopePeriods } = extent(marked, periodSeconds)
  const lines: string[] = []
  if (scopes === 0) lines.push('No scope has to be rated again.')
  else {
    const begin = marked.periods.reduce((least, { period }) => Math.min(least, period.begin), Infinity)
    const end = marked.periods.reduce((most, { period }) => Math.max(most, period.end), 0)
    lines.push(
      `Marked as not rated: ${scopePeriods} scope periods of ${scopes} scopes, between ${formatInstant(begin)} and ${formatInstant(end)}. ` +
        'They are collected again when rating goes on.',
    )
    const off = new Set(marked.periods.filter(({ active }) => !active).map(({ scopeId }) => scopeId))
    if (off.size > 0) lines.push(`${off.size} of these scopes are not active: they are rated again once they are.`)
  }
  if (marked.toSend.length > 0) {
    lines.push('Gone for good until it is sent again; import the files before rating goes on:')
    lines.push(...marked.toSend.map(sendLine))
  }
  return `${lines.join('\n')}\n`
}

function sendLine({ batch, file, rows, at, who }: ToSend): string {
  const what = file === undefined ? 'push' : `import of ${file}`
  const when = at ? `, ${at.toISOString()}` : ''
  return `  ${what} (batch ${batch}): ${rows}${when}${who === undefined ? '' : `, by ${who}`}`
}
