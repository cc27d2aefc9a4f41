/** A points store: keeps points as the built-in one does, and a line of each in a file for another program. */
import { appendFile } from 'node:fs/promises'
import { formatDecimal } from '@cloudtabby/server/domain/decimal'
import { option } from '@cloudtabby/server/lib/option'
import { plugin as duckdb } from '@cloudtabby/server/storage/duckdb/index'
import { definePointStore } from '@cloudtabby/server/storage/point-store'
import { z } from 'zod'

export const plugin = definePointStore({
  name: 'mirror',
  options: z.object({
    path: option.path().default('./data/points.duckdb').describe('File with the points'),
    lines: option.path().default('./data/points.jsonl').describe('File with a line for each point that was written'),
  }),
  whereabouts: ({ path, lines }) => `DuckDB, ${path}, and lines in ${lines}`,
  embedded: { file: ({ path }) => path, restore: duckdb.embedded.restore },
  async create({ path, lines }, context) {
    const store = await duckdb.create({ path }, context)
    return new Proxy(store, {
      get(target, name) {
        if (name === 'write') return (...args) => writeBoth(target, lines, ...args)
        const member = target[name]
        return typeof member === 'function' ? member.bind(target) : member
      },
    })
  },
})

/** Whether a line counts is known when its batch is committed; a batch that is abandoned leaves lines too. */
async function writeBoth(store, file, batch, points, signal) {
  await store.write(batch, points, signal)
  const lines = points.map(({ series, begin, price }) =>
    JSON.stringify({ batch, scope: series.scopeId, type: series.type, begin, price: formatDecimal(price) }),
  )
  await appendFile(file, lines.map((line) => `${line}\n`).join(''))
}
