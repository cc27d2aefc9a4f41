import { createWriteStream } from 'node:fs'
import { mkdir, rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { toDate, type Period } from '../domain/period.ts'
import type { Sample } from '../domain/sample.ts'
import { Fault } from '../lib/fault.ts'
import { madeUpCloud } from './made-up-cloud.ts'

const LABELS = ['project_id', 'id', 'flavor_name', 'vcpus', 'ram_mib', 'os_type', 'volume_type', 'disk_format'] as const
const LINES_PER_CHUNK = 1_000

/**
 * Writes the readings of the period as a CSV file that can be imported (docs/importing-samples.md), in place of what was
 * there. The same period gives the same bytes. Leaves no file when it fails.
 */
export async function writeMadeUpCloudCsv(path: string, period: Period, signal?: AbortSignal): Promise<void> {
  try {
    await mkdir(dirname(path), { recursive: true })
    await pipeline(Readable.from(csvChunks(madeUpCloud(period))), createWriteStream(path), signal ? { signal } : {})
  } catch (error) {
    await rm(path, { force: true }).catch(() => undefined)
    signal?.throwIfAborted()
    throw new Fault(
      'state.unwritable',
      `${path} cannot be written: ${(error as Error).message}`,
      { path },
      { cause: error },
    )
  }
}

function* csvChunks(samples: Iterable<Sample>): Iterable<string> {
  let lines = [['timestamp', 'name', 'value', ...LABELS].join(',')]
  for (const { at, name, value, labels } of samples) {
    const time = `${toDate(at).toISOString().slice(0, 19)}Z`
    // Nothing in the made-up cloud has a comma or a quote in it.
    lines.push([time, name, value.toString(), ...LABELS.map((label) => labels[label] ?? '')].join(','))
    if (lines.length >= LINES_PER_CHUNK) {
      yield `${lines.join('\n')}\n`
      lines = []
    }
  }
  if (lines.length > 0) yield `${lines.join('\n')}\n`
}
