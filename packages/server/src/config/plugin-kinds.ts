import type { CollectorPlugin } from '../collectors/collector.ts'
import type { FetcherPlugin } from '../fetchers/fetcher.ts'
import type { ReceiverPlugin } from '../intake/receiver.ts'
import type { RatingPlugin } from '../rating/rating-module.ts'
import type { PointStorePlugin } from '../storage/point-store.ts'

/** The kinds of parts that configuration chooses by a name. */
export interface PluginKinds {
  collector: CollectorPlugin
  fetcher: FetcherPlugin
  rating: RatingPlugin
  receiver: ReceiverPlugin
  store: PointStorePlugin
}
export type PluginKind = keyof PluginKinds

/** Plugins by name, each loaded when it is chosen. */
export type PluginTable<Plugin> = Readonly<Record<string, () => Promise<Plugin>>>
export type PluginTables = { readonly [Kind in PluginKind]: PluginTable<PluginKinds[Kind]> }

/** What a plugin must consist of, beside its name, options and `create`; a `?` at the end: or nothing. */
export type Part = 'text?' | 'schema' | 'function' | 'function?' | 'object?'

interface KindOfPlugin {
  /** As messages call it. */
  readonly what: string
  /** The option that names it: one of them, or a list; for `all`, those of the table are there too, named or not. */
  readonly section: string
  readonly option: string
  readonly choice: 'one' | 'some' | 'all'
  /** What its own section begins with, before its name. */
  readonly prefix: string
  readonly parts: Readonly<Record<string, Part>>
  /** Methods of what it makes. */
  readonly makes: readonly PropertyKey[]
  /** CloudKitty's own: their sections may stand in a file that serves both programs. */
  readonly upstream?: readonly string[]
  /** Names under which CloudKitty knows what is not here, and what to do about it. */
  readonly refused?: Readonly<Record<string, string>>
}

const PLUGIN_KINDS = {
  collector: {
    what: 'collector',
    section: 'collect',
    option: 'collector',
    choice: 'one',
    prefix: 'collector_',
    parts: { extraArgs: 'schema', requiredGroupby: 'function?' },
    makes: ['collect', Symbol.asyncDispose],
    upstream: ['gnocchi', 'prometheus', 'aetos'],
  },
  fetcher: {
    what: 'fetcher',
    section: 'fetcher',
    option: 'backend',
    choice: 'one',
    prefix: 'fetcher_',
    parts: {},
    makes: ['scopes', Symbol.asyncDispose],
    upstream: ['keystone', 'gnocchi', 'prometheus', 'source'],
  },
  rating: {
    what: 'rating module',
    section: 'rating',
    option: 'modules',
    choice: 'all',
    prefix: '',
    parts: { migrations: 'text?' },
    makes: ['load'],
  },
  receiver: {
    what: 'receiver',
    section: 'intake',
    option: 'receivers',
    choice: 'some',
    prefix: 'receiver_',
    parts: {},
    makes: ['run', Symbol.asyncDispose],
  },
  store: {
    what: 'points store',
    section: 'storage',
    option: 'backend',
    choice: 'one',
    prefix: 'storage_',
    parts: { whereabouts: 'function', embedded: 'object?', probe: 'function?' },
    makes: ['write', 'writeSamples', 'total', 'retrieve', 'stream', Symbol.asyncDispose],
    refused: elsewhere({
      influxdb: 'InfluxDB',
      elasticsearch: 'Elasticsearch',
      opensearch: 'OpenSearch',
      loki: 'Loki',
      sqlalchemy: 'SQL (storage v1)',
      hybrid: 'Gnocchi (storage v1)',
      gnocchi: 'Gnocchi (storage v1)',
    }),
  },
} as const satisfies Readonly<Record<PluginKind, KindOfPlugin>>

export const KINDS = Object.keys(PLUGIN_KINDS) as readonly PluginKind[]

/** The same table, of which one kind is like another. */
export function kindOf(kind: PluginKind): KindOfPlugin {
  return PLUGIN_KINDS[kind]
}

/** The section of a plugin's own options. */
export function sectionOf(kind: PluginKind, name: string): string {
  return `${PLUGIN_KINDS[kind].prefix}${name}`
}

function elsewhere(stores: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(stores).map(([name, store]) => [
      name,
      `rated points are not kept in ${store}; write duckdb (a file beside the service, for one host) or clickhouse, and set [storage_duckdb] path or [storage_clickhouse] url; the old storage is not touched, and what is rated anew starts at [collect] begin`,
    ]),
  )
}
