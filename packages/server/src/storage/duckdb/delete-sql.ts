import type { BatchId, Tombstone } from '../../domain/snapshot.ts'
import { Params, type Statement } from './statement.ts'
import { BURIED, buriedSql } from './visible-sql.ts'

/** What a batch left, in both tables that have batches. */
export function deleteBatchesSql(batches: readonly BatchId[]): Statement[] {
  return ['points', 'samples'].map((table) => {
    const params = new Params()
    return {
      sql: `DELETE FROM ${table} WHERE batch >= ${params.add(min(batches))} AND batch <= ${params.add(max(batches))}
  AND list_contains(${params.integers(batches)}, batch)`,
      params: params.list,
    }
  })
}

/** The begin and the batch are bounded as a whole too: that lets the engine skip most of the file. */
export function deleteTombstonesSql(tombstones: readonly Tombstone[]): Statement {
  const params = new Params()
  const buried = buriedSql(tombstones, params)
  const where = [
    `p.begin_at >= ${params.add(min(tombstones.map(({ begin }) => begin)))}`,
    `p.batch <= ${params.add(max(tombstones.map(({ upTo }) => upTo)))}`,
  ]
  return {
    sql: `WITH ${buried}
DELETE FROM points WHERE rowid IN (
  SELECT p.rowid FROM points p JOIN buried v ON (${BURIED}) WHERE ${where.join(' AND ')})`,
    params: params.list,
  }
}

// Not `Math.min(...list)`: the list may be longer than a call's arguments.
function min(numbers: readonly number[]): number {
  return numbers.reduce((a, b) => Math.min(a, b))
}

function max(numbers: readonly number[]): number {
  return numbers.reduce((a, b) => Math.max(a, b))
}
