import { z } from 'zod'
import { option } from '../../lib/option.ts'
import { definePointStore } from '../point-store.ts'

export const plugin = definePointStore({
  name: 'clickhouse',
  options: z.object({
    url: option
      .text()
      .default('http://127.0.0.1:8123')
      .meta({ address: true })
      .describe('Address of the HTTP interface'),
    database: option.text().default('cloudtabby').describe('Database with the points; made if absent'),
    username: option.text().default('default').describe('User'),
    password: option.secret().default('').describe('Password of the user'),
    cluster: option
      .text()
      .optional()
      .describe('Name of the cluster: tables are then replicated and distributed over it'),
    max_memory_usage: option
      .bytes({ min: 16 * 1024 ** 2 })
      .prefault('1GiB')
      .describe(
        'Memory that one question of the API may take on each server. Groups and sorted rows of more than half of it are spilled to the disk of that server; a question that needs more all the same is answered with 503',
      ),
  }),
  whereabouts: ({ url, database, cluster }) =>
    `ClickHouse, ${url}, database ${database}${cluster === undefined ? '' : `, cluster ${cluster}`}`,
  probe: async (options, signal) => (await import('./open-clickhouse-store.ts')).probeClickHouse(options, signal),
  // Loaded when it is needed: configuration is read without it.
  create: async ({ max_memory_usage, ...options }, { answerSeconds }) =>
    (await import('./open-clickhouse-store.ts')).openClickHouseStore({
      ...options,
      bounds: { seconds: answerSeconds, memoryBytes: max_memory_usage },
    }),
})
