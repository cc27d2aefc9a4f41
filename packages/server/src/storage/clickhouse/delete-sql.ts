import type { Instant } from '../../domain/period.ts'
import type { BatchId, Tombstone } from '../../domain/snapshot.ts'
import { chunksOf } from '../../lib/chunks.ts'
import { type Layout, localTable, onCluster } from './schema.ts'
import { Params, type Statement } from './statement.ts'
import { quoteText } from './tables.ts'

export type Deletable = 'points' | 'samples'

/** A condition on rows of a table by its own columns; the parameters are new for each statement. */
export type Condition = (params: Params) => string

/** So many batches or tombstones at once: parameters of a deletion stand in a URL. */
const AT_ONCE = 100

export function ofBatches(batches: readonly BatchId[]): Condition[] {
  return inParts(batches).map((part) => (params) => `batch IN ${params.integers(part)}`)
}

export function aboveBatch(batch: BatchId): Condition {
  return (params) => `batch > ${params.add(batch)}`
}

export function before(table: Deletable, instant: Instant): Condition {
  return (params) => `${INSTANTS[table]} < ${params.add(instant)}`
}

const INSTANTS = { points: 'begin_at', samples: 'instant' } as const

/** Tombstones of many scopes that are alike but for the scope are one condition. */
export function ofTombstones(tombstones: readonly Tombstone[]): Condition[] {
  return inParts(tombstones).map((part) => {
    const alike = new Map<string, Tombstone[]>()
    for (const v of part) {
      const key = `${v.begin} ${v.end} ${v.upTo}`
      alike.set(key, [...(alike.get(key) ?? []), v])
    }
    return (params) => {
      const each = [...alike.values()].map((same) => {
        const { begin, end, upTo } = same[0]!
        const until = end === undefined ? '' : ` AND begin_at < ${params.add(end)}`
        const scopes = params.texts(same.map(({ scopeId }) => scopeId))
        return `(scope_id IN ${scopes} AND begin_at >= ${params.add(begin)}${until} AND batch <= ${params.add(upTo)})`
      })
      return each.join(' OR ')
    }
  })
}

/** The partitions that have such rows: only their parts are touched. */
export function partitionsSql(table: string, condition: Condition): Statement {
  const params = new Params()
  return { sql: `SELECT DISTINCT _partition_id FROM ${table} WHERE ${condition(params)}`, params: params.list }
}

/**
 * A lightweight deletion: a part that has such rows gets a mask of what is left, its columns stay as they are; the rows go
 * for good when parts are merged, as they are all the time.
 */
export function deleteSql(
  layout: Layout,
  table: Deletable | 'written',
  partition: string,
  condition: Condition,
): Statement {
  const params = new Params()
  return {
    sql: `DELETE FROM ${localTable(table, layout)}${onCluster(layout)} IN PARTITION ID ${quoteText(partition)}
WHERE ${condition(params)}`,
    params: params.list,
  }
}

/** Partition, rows, the first and the last instant, of partitions that begin before the instant. */
export function partitionRangesSql(source: string, table: Deletable, instant: Instant): Statement {
  const params = new Params()
  const column = INSTANTS[table]
  return {
    sql: `SELECT _partition_id, max(${column}), countIf(${column} < ${params.add(instant)}) AS old FROM ${source}
GROUP BY _partition_id HAVING min(${column}) < ${params.add(instant)} ORDER BY _partition_id`,
    params: params.list,
  }
}

export function dropPartitionSql(layout: Layout, table: Deletable, partition: string): Statement {
  return {
    sql: `ALTER TABLE ${localTable(table, layout)}${onCluster(layout)} DROP PARTITION ID ${quoteText(partition)}`,
    params: {},
  }
}

function inParts<T>(list: readonly T[]): T[][] {
  return [...chunksOf(list, AT_ONCE)]
}
