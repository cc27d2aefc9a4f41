/** `npm run bench [-- NAME ...]`: prints what was measured, where and when. Results of record lie in bench/results/. */
import { cpus, totalmem } from 'node:os'
import Table from 'cli-table3'
import { benchApi } from './api.ts'
import { benchCollect } from './collect.ts'
import { benchHostile } from './hostile.ts'
import { benchLabPrometheus } from './lab-prometheus.ts'
import type { Measure } from './measure.ts'
import { benchRating } from './rating.ts'
import { benchClickHouse, benchStorage } from './storage.ts'
import { benchWholeWay } from './whole-way.ts'

const BENCHES: Readonly<Record<string, () => Promise<Measure[]>>> = {
  rating: benchRating,
  'whole-way': benchWholeWay,
  'lab-prometheus': benchLabPrometheus,
  collect: benchCollect,
  storage: benchStorage,
  clickhouse: benchClickHouse,
  api: benchApi,
  hostile: benchHostile,
}

const asked = process.argv.slice(2)
const unknown = asked.filter((name) => !(name in BENCHES))
if (unknown.length > 0) {
  console.error(`There is no bench ${unknown.join(', ')}; there are ${Object.keys(BENCHES).join(', ')}.`)
  process.exitCode = 2
} else {
  const [cpu] = cpus()
  console.log(
    `${cpu?.model.trim()} x ${cpus().length}, ${Math.round(totalmem() / 2 ** 30)} GiB, Node ${process.version}, ${new Date().toISOString()}`,
  )
  const table = new Table({
    head: ['measure', 'value', 'unit', 'note'],
    colAligns: ['left', 'right'],
    style: { head: [], border: [] },
  })
  for (const name of asked.length > 0 ? asked : Object.keys(BENCHES)) {
    for (const { name: what, value, unit, note } of await BENCHES[name]!())
      table.push([what, value.toLocaleString('en'), unit, note ?? ''])
  }
  console.log(table.toString())
}
