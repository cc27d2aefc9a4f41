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
  }),
  whereabouts: ({ url, database, cluster }) =>
    `ClickHouse, ${url}, database ${database}${cluster === undefined ? '' : `, cluster ${cluster}`}`,
  probe: async (options, signal) => (await import('./open-clickhouse-store.ts')).probeClickHouse(options, signal),
  // Loaded when it is needed: configuration is read without it.
  create: async (options) => (await import('./open-clickhouse-store.ts')).openClickHouseStore(options),
})
