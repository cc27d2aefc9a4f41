import { randomUUID } from 'node:crypto'
import type { Point } from '../../domain/point.ts'
import type { Series } from '../../domain/series.ts'
import type { BatchId } from '../../domain/snapshot.ts'
import { chunksOf } from '../../lib/chunks.ts'
import type { BatchRows } from '../point-store.ts'
import { refusePoints } from '../refuse-value.ts'
import { attributeTexts, type Identity, toIdentity } from '../series-identity.ts'
import type { ClickHouseDatabase } from './clickhouse-database.ts'
import { Params } from './statement.ts'
import { Blocks, decimalField, textField } from './tab-separated.ts'
import type { Tables } from './tables.ts'
import type { WrittenSeries } from './written-series.ts'

const POINT_COLUMNS = [
  'batch',
  'begin_at',
  'end_at',
  'scope_id',
  'type',
  'unit',
  'series',
  'rules',
  'quantity',
  'price',
] as const
const SERIES_COLUMNS = ['id', 'scope_id', 'type', 'unit', 'groupby', 'metadata'] as const
const ATTRIBUTE_COLUMNS = ['name', 'scope_id', 'series', 'value'] as const

/** Where a call writes, and for which batch. */
export interface Target {
  readonly database: ClickHouseDatabase
  readonly tables: Tables
  readonly batch: BatchId
  readonly signal: AbortSignal | undefined
}

/** Writes the series that are new, then the points. Refuses what does not fit before anything is written. */
export async function writePoints(target: Target, points: readonly Point[], written: WrittenSeries): Promise<void> {
  const { tables, batch } = target
  const blocks = pointBlocks(batch, points, written)
  const fresh = await written.fresh(points, (ids) => selectIdentities(target, ids))
  if (fresh.length > 0) {
    // In this order: a series that is looked up and found is taken for written, and so its attributes must be there.
    await insertBlocks(target, tables.attributes, ATTRIBUTE_COLUMNS, attributeBlocks(fresh))
    await insertBlocks(target, tables.series, SERIES_COLUMNS, seriesBlocks(fresh))
    written.remember(fresh)
  }
  await Promise.all([
    insertBlocks(target, tables.points, POINT_COLUMNS, blocks),
    noteWritten(target, { points: points.length, samples: 0 }),
  ])
}

/**
 * Notes what is being written: beside it, so that it takes no longer. When either fails the call does, and no batch of which
 * a call has failed is ever committed.
 */
export async function noteWritten(target: Target, { points, samples }: BatchRows): Promise<void> {
  const line = `${target.batch}\t${points}\t${samples}\n`
  await insertBlocks(target, target.tables.written, ['batch', 'points', 'samples'], [line])
}

/**
 * One insertion after the other, each under a token of its own: batch, call, block. Another call for the same batch has
 * other tokens, even with equal points.
 */
export async function insertBlocks(
  { database, batch, signal }: Target,
  table: string,
  columns: readonly string[],
  blocks: readonly string[],
): Promise<void> {
  const call = randomUUID()
  for (const [i, lines] of blocks.entries()) {
    await database.insert({ table, columns, lines, token: `${batch}-${call}-${i}` }, signal)
  }
}

/** By begin, so that a block is of few months: a month is a part for itself. */
function pointBlocks(batch: BatchId, points: readonly Point[], written: WrittenSeries): readonly string[] {
  const isInOrder = points.every((point, i) => i === 0 || points[i - 1]!.begin <= point.begin)
  const ordered = isInOrder ? points : points.toSorted((a, b) => a.begin - b.begin)
  const blocks = new Blocks()
  const ruleFields = new Map<readonly string[], string>()
  for (const { series, begin, end, quantity, price, rules } of ordered) {
    const q = decimalField(quantity)
    const p = decimalField(price)
    if (q === undefined || p === undefined) refusePoints(points, (value) => decimalField(value) !== undefined)
    let ruleField = ruleFields.get(rules)
    if (ruleField === undefined) ruleFields.set(rules, (ruleField = textField(JSON.stringify(rules))))
    blocks.add(`${batch}\t${begin}\t${end}\t${written.fields(series)}\t${ruleField}\t${q}\t${p}\n`)
  }
  return blocks.take()
}

function seriesBlocks(fresh: readonly Series[]): readonly string[] {
  const blocks = new Blocks()
  for (const series of fresh) blocks.add(`${series.id}\t${toIdentity(series).map(textField).join('\t')}\n`)
  return blocks.take()
}

function attributeBlocks(fresh: readonly Series[]): readonly string[] {
  const blocks = new Blocks()
  for (const series of fresh) {
    const owner = `${textField(series.scopeId)}\t${series.id}`
    for (const [name, value] of attributeTexts(series)) {
      blocks.add(`${textField(name)}\t${owner}\t${textField(value)}\n`)
    }
  }
  return blocks.take()
}

const LOOKED_UP_AT_ONCE = 10_000

async function selectIdentities(
  { database, tables, signal }: Target,
  ids: readonly bigint[],
): Promise<Map<bigint, Identity>> {
  const found = new Map<bigint, Identity>()
  for (const some of chunksOf(ids, LOOKED_UP_AT_ONCE)) {
    const params = new Params()
    const sql = `SELECT id, scope_id, type, unit, groupby, metadata FROM ${tables.series}
WHERE id IN ${params.integers(some)}`
    const rows = await database.select({ sql, params: params.list }, signal)
    for (const [id, ...identity] of rows as string[][]) found.set(BigInt(id!), identity as unknown as Identity)
  }
  return found
}
