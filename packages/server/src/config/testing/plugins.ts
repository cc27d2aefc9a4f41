import { z } from 'zod'
import { defineCollector } from '../../collectors/collector.ts'
import { defineFetcher } from '../../fetchers/fetcher.ts'
import { keystoneauthOptions } from '../../sources/keystone/keystoneauth-options.ts'
import { option } from '../../lib/option.ts'
import { defineRatingModule } from '../../rating/rating-module.ts'
import type { PluginTables } from '../plugin-kinds.ts'

/** Plugins with the options of CloudKitty's, for tests of the configuration: they cannot be run. */
function unused(): never {
  throw new Error('a plugin of the configuration tests was made to run')
}

const GnocchiArgs = z.strictObject({
  resource_type: z.string().min(1, 'must not be empty'),
  resource_key: z.string().default('id'),
  aggregation_method: z.enum(['max', 'mean', 'sum', 'rate:sum', 'rate:mean']).default('max'),
  re_aggregation_method: z.enum(['max', 'mean', 'sum', 'rate:sum']).default('max'),
  force_granularity: z.number().int().min(0).default(3600),
  use_all_resource_revisions: z.boolean().default(true),
  custom_query: z.string().default(''),
})

const gnocchi = defineCollector({
  name: 'gnocchi',
  options: z.object({
    ...keystoneauthOptions,
    gnocchi_auth_type: option.oneOf(['keystone', 'basic']).default('keystone').describe('How to authenticate'),
    gnocchi_user: option.text().default('').describe('User'),
    interface: option.text().default('internalURL').describe('Endpoint'),
    region_name: option.text().default('RegionOne').describe('Region'),
    http_pool_maxsize: option.integer({ min: 1 }).default(10).describe('Connections'),
  }),
  extraArgs: GnocchiArgs,
  requiredGroupby: ({ resource_key }) => [resource_key],
  create: unused,
})

const PrometheusArgs = z
  .strictObject({
    aggregation_method: z.enum(['avg', 'count', 'max', 'min', 'stddev', 'stdvar', 'sum']).default('max'),
    query_function: z.enum(['abs', 'ceil', 'floor', 'round']).optional(),
    range_function: z.enum(['changes', 'delta', 'deriv', 'idelta', 'irate', 'rate']).optional(),
    query_prefix: z.string().default(''),
    query_suffix: z.string().default(''),
  })
  .prefault({})

const prometheus = defineCollector({
  name: 'prometheus',
  options: z.object({
    prometheus_url: option.text().describe('URL'),
    prometheus_user: option.text().optional().describe('User'),
    prometheus_password: option.secret().optional().describe('Password'),
    insecure: option.boolean().default(false).describe('No verification'),
    timeout: option.float({ min: 0 }).default(60).describe('Seconds'),
  }),
  extraArgs: PrometheusArgs,
  create: unused,
})

const keystone = defineFetcher({
  name: 'keystone',
  options: z.object({
    ...keystoneauthOptions,
    keystone_version: option.oneOf(['2', '3']).default('3').describe('Version'),
    ignore_rating_role: option.boolean().default(false).describe('Every project'),
    ignore_disabled_tenants: option.boolean().default(false).describe('Enabled projects only'),
  }),
  create: unused,
})

const source = defineFetcher({
  name: 'source',
  options: z.object({ sources: option.list().default([]).describe('Scopes') }),
  create: unused,
})

const module = (name: string) => defineRatingModule({ name, options: z.object({}), create: unused })

/** Collectors and fetchers as above; rating modules and points stores of the names that are built in. */
export const TEST_PLUGINS = {
  collector: { gnocchi: () => Promise.resolve(gnocchi), prometheus: () => Promise.resolve(prometheus) },
  fetcher: { keystone: () => Promise.resolve(keystone), source: () => Promise.resolve(source) },
  rating: { hashmap: () => Promise.resolve(module('hashmap')), noop: () => Promise.resolve(module('noop')) },
  receiver: {},
  store: {
    clickhouse: () => import('../../storage/clickhouse/index.ts').then((m) => m.plugin),
    duckdb: () => import('../../storage/duckdb/index.ts').then((m) => m.plugin),
  },
} satisfies PluginTables
