import type { BatchId } from '../../domain/snapshot.ts'
import type { BatchRows } from '../point-store.ts'
import { Params, type Statement } from './statement.ts'

/** Notes what is being written for a batch; to be run in the transaction of the write. */
export function noteSql(batch: BatchId, { points, samples }: BatchRows): Statement {
  return { sql: 'INSERT INTO written VALUES ($1, $2, $3)', params: [batch, points, samples] }
}

/** What was noted of batches. Bounded as a whole too: that lets the engine skip most of the table. */
export function writtenSql(batches: readonly BatchId[]): Statement {
  const params = new Params()
  const least = params.add(batches.reduce((a, b) => Math.min(a, b)))
  const most = params.add(batches.reduce((a, b) => Math.max(a, b)))
  return {
    sql: `SELECT batch, sum(points)::BIGINT, sum(samples)::BIGINT FROM written
  WHERE batch >= ${least} AND batch <= ${most} AND batch IN (SELECT unnest(${params.integers(batches)})) GROUP BY batch`,
    params: params.list,
  }
}

export function toWritten(rows: readonly unknown[][]): Map<BatchId, BatchRows> {
  return new Map(
    rows.map(([batch, points, samples]) => [Number(batch), { points: Number(points), samples: Number(samples) }]),
  )
}
