import { BIGINT, type DuckDBConnection, HUGEINT, INTEGER, VARCHAR } from '@duckdb/node-api'
import { toStored } from '../../domain/decimal.ts'
import type { Sample } from '../../domain/sample.ts'
import type { BatchId } from '../../domain/snapshot.ts'
import { append } from './append.ts'
import type { TextNumbers } from './text-numbers.ts'
import { refuse } from './write-points.ts'

/** Writes the samples within the connection's transaction. */
export async function writeSamples(
  connection: DuckDBConnection,
  batch: BatchId,
  samples: readonly Sample[],
  sampleSeries: TextNumbers,
): Promise<void> {
  const identities = samples.map(identityOf)
  const byIdentity = new Map(samples.map((sample, i) => [identities[i]!, sample]))
  const { numbers, fresh } = await sampleSeries.number(connection, new Set(identities))

  await append(connection, 'sample_series', [INTEGER, VARCHAR, VARCHAR], fresh.length, (columns, start) => {
    const [number, identity, name] = columns
    for (let row = 0; row < number!.length; row++) {
      const [text, given] = fresh[start + row]!
      number![row] = given
      identity![row] = text
      name![row] = byIdentity.get(text)!.name
    }
  })
  const labels = fresh.flatMap(([text, number]) =>
    Object.entries(byIdentity.get(text)!.labels)
      .filter(([, value]) => value !== '')
      .map(([name, value]) => [number, name, value] as const),
  )
  await append(connection, 'sample_labels', [INTEGER, VARCHAR, VARCHAR], labels.length, (columns, start) => {
    for (let row = 0; row < columns[0]!.length; row++) {
      for (const [i, value] of labels[start + row]!.entries()) columns[i]![row] = value
    }
  })

  const batchId = BigInt(batch)
  await append(connection, 'samples', [BIGINT, BIGINT, INTEGER, HUGEINT], samples.length, (columns, start) => {
    const [batches, ats, series, values] = columns
    for (let row = 0; row < batches!.length; row++) {
      const sample = samples[start + row]!
      batches![row] = batchId
      ats![row] = BigInt(sample.at)
      series![row] = numbers.get(identities[start + row]!)!
      values![row] = toStored(sample.value) ?? refuse('value', sample.value, sample.name, '')
    }
  })
}

/** Name and labels as one text, the same for whatever order of the labels. */
function identityOf({ name, labels }: Sample): string {
  return JSON.stringify([name, Object.entries(labels).toSorted(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))])
}
