import { hash } from 'node:crypto'
import type { LRUCache } from 'lru-cache'
import type { Sample } from '../../domain/sample.ts'
import { byteCache, textBytes } from '../../lib/byte-cache.ts'
import { refuseSample } from '../refuse-value.ts'
import { sampleIdentity } from '../sample-identity.ts'
import { Blocks, decimalField, mapField, textField } from './tab-separated.ts'
import { insertBlocks, noteWritten, type Target } from './write-points.ts'

const SAMPLE_COLUMNS = ['batch', 'name', 'series', 'instant', 'value'] as const
const SERIES_COLUMNS = ['id', 'name', 'labels'] as const

/** Some 50,000 series of usual length. */
const WRITTEN_BYTES = 24 * 1024 * 1024

/** The series of samples that were written last, by their text: other ones are written again, which is harmless. */
export type WrittenSampleSeries = LRUCache<string, bigint>

export function writtenSampleSeries(): WrittenSampleSeries {
  return byteCache(WRITTEN_BYTES, (_, identity) => textBytes(identity))
}

/** Writes the series that are new, then the samples. Refuses what does not fit before anything is written. */
export async function writeSamples(
  target: Target,
  samples: readonly Sample[],
  written: WrittenSampleSeries,
): Promise<void> {
  const { tables, batch } = target
  const ids = new Map<string, bigint>()
  const seriesBlocks = new Blocks()
  const blocks = new Blocks()
  for (const sample of samples.toSorted((a, b) => a.at - b.at)) {
    const value = decimalField(sample.value) ?? refuseSample(sample)
    const identity = sampleIdentity(sample)
    let id = ids.get(identity) ?? written.get(identity)
    if (id === undefined) {
      id = hash('sha256', identity, 'buffer').readBigInt64BE(0)
      const labels = Object.entries(sample.labels).filter(([, text]) => text !== '')
      seriesBlocks.add(`${id}\t${textField(sample.name)}\t${mapField(labels)}\n`)
    }
    ids.set(identity, id)
    blocks.add(`${batch}\t${textField(sample.name)}\t${id}\t${sample.at}\t${value}\n`)
  }
  await insertBlocks(target, tables.sampleSeries, SERIES_COLUMNS, seriesBlocks.take())
  for (const [identity, id] of ids) written.set(identity, id)
  await Promise.all([
    insertBlocks(target, tables.samples, SAMPLE_COLUMNS, blocks.take()),
    noteWritten(target, { points: 0, samples: samples.length }),
  ])
}
