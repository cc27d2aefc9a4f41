import { BIGINT, type DuckDBConnection, HUGEINT, INTEGER, VARCHAR } from '@duckdb/node-api'
import { toStored } from '../../domain/decimal.ts'
import type { Sample } from '../../domain/sample.ts'
import type { BatchId } from '../../domain/snapshot.ts'
import { refuseSample } from '../refuse-value.ts'
import { sampleIdentity } from '../sample-identity.ts'
import { append, type Column } from './append.ts'
import { appendNamedTexts, type NamedText } from './series-dictionary.ts'
import type { TextDictionary } from './text-dictionary.ts'

/** Writes the samples within the connection's transaction. */
export async function writeSamples(
  connection: DuckDBConnection,
  batch: BatchId,
  samples: readonly Sample[],
  sampleSeries: TextDictionary,
): Promise<void> {
  const identities = samples.map(sampleIdentity)
  const byIdentity = new Map(samples.map((sample, i) => [identities[i]!, sample]))
  const { numbers, fresh } = await sampleSeries.number(connection, new Set(identities))

  await append<[Column<number>, Column<string>, Column<string>]>(
    connection,
    'sample_series',
    [INTEGER, VARCHAR, VARCHAR],
    fresh.length,
    ([series, texts, names], start, rows) => {
      for (let row = 0; row < rows; row++) {
        const [text, number] = fresh[start + row]!
        series.setItem(row, number)
        texts.setItem(row, text)
        names.setItem(row, byIdentity.get(text)!.name)
      }
    },
  )
  const labels = fresh.flatMap(([text, number]) =>
    Object.entries(byIdentity.get(text)!.labels)
      .filter(([, value]) => value !== '')
      .map(([name, value]): NamedText => [number, name, value]),
  )
  await appendNamedTexts(connection, 'sample_labels', labels)

  const batchId = BigInt(batch)
  await append<[Column<bigint>, Column<bigint>, Column<number>, Column<bigint>]>(
    connection,
    'samples',
    [BIGINT, BIGINT, INTEGER, HUGEINT],
    samples.length,
    ([batches, instants, series, values], start, rows) => {
      for (let row = 0; row < rows; row++) {
        const sample = samples[start + row]!
        batches.setItem(row, batchId)
        instants.setItem(row, BigInt(sample.at))
        series.setItem(row, numbers.get(identities[start + row]!)!)
        values.setItem(row, toStored(sample.value) ?? refuseSample(sample))
      }
    },
  )
}
