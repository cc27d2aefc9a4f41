import { execFile } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { DuckDBInstance } from '@duckdb/node-api'
import { expect, test } from 'vitest'
import { whyNoPrometheus } from '../../packages/server/src/collectors/testing/start-prometheus.ts'

const missing = whyNoPrometheus(['prometheus', 'prometheus-node-exporter', 'curl'])

test.skipIf(missing !== undefined)(
  `this machine gets a bill from a real Prometheus, and every way to add it up agrees${missing ? ` (skipped: ${missing})` : ''}`,
  { timeout: 300_000 },
  async () => {
    const dir = await mkdtemp(join(tmpdir(), 'example-prometheus-'))
    try {
      const script = join(import.meta.dirname, 'run.ts')
      const args = ['--import', 'tsx', script, '--periods', '2', '--dir', dir]
      const { stdout } = await promisify(execFile)(process.execPath, args)
      const [, from, to] = /The bill of this-machine, (\S+) to (\S+)/.exec(stdout)!
      const [, summary, report] = /\/v2\/summary (\S+), \/v1\/report\/total (\S+),/.exec(stdout)!
      const stored = await readStored(join(dir, 'run/points.duckdb'), from!, to!)

      // The test itself keeps the processor busy, so there is something to pay for.
      expect(Number(summary)).toBeGreaterThan(0)
      expect(report).toBe(summary)
      expect(withoutZeros(stored.price)).toBe(summary)
      expect(stored.periods).toBe('2')
      expect(stored.types.split(',')).toEqual(expect.arrayContaining(['cpu', 'network.in', 'network.out']))
      expect(stdout).toMatch(/^cpu +user +[\d.]+ s +[\d.]+$/m)
    } finally {
      await rm(dir, { recursive: true, force: true })
    }
  },
)

async function readStored(
  path: string,
  from: string,
  to: string,
): Promise<Record<'price' | 'periods' | 'types', string>> {
  const instance = await DuckDBInstance.create(path, { access_mode: 'READ_ONLY' })
  try {
    const connection = await instance.connect()
    const reader = await connection.runAndReadAll(
      `SELECT sum(price)::VARCHAR AS price, count(DISTINCT begin_at)::VARCHAR AS periods, string_agg(DISTINCT type, ',') AS types
       FROM rated_points WHERE begin_at >= $1::TIMESTAMP AND begin_at < $2::TIMESTAMP`,
      [from.replace('Z', ''), to.replace('Z', '')],
    )
    connection.closeSync()
    return reader.getRowObjectsJson()[0] as Record<'price' | 'periods' | 'types', string>
  } finally {
    instance.closeSync()
  }
}

function withoutZeros(text: string): string {
  return text.replace(/\.?0+$/, '')
}
