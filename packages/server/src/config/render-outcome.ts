import type { z } from 'zod'
import { UTC } from '../domain/time-zone.ts'
import type { Plugin } from '../lib/plugin.ts'
import type { Chosen } from './choose-plugins.ts'
import { formatFault, maskAddress } from './config-fault.ts'
import type { Config, ConfigOutcome } from './load-config.ts'
import { optionMeta, optionText, shapeOf } from './schema-faults.ts'
import { formatStateAddress } from './state-address.ts'

/** What `cloudtabbyd check-config` prints: faults, warnings, notices, what would run, and who answered. Secrets are masked. */
export function renderOutcome(
  { config, faults, warnings, notices, files }: ConfigOutcome,
  asked: readonly string[] = [],
): string {
  const lines = [
    `Read: ${files.length === 0 ? 'no configuration file; defaults and environment only' : files.join(', ')}`,
    ...block('Faults', faults.map(formatFault)),
    ...block('Warnings', warnings),
    ...block('Ignored on purpose', notices),
    ...(config ? ['', ...summary(config)] : ['', 'The configuration cannot be used.']),
    ...block('Asked', asked),
  ]
  return `${lines.join('\n')}\n`
}

function block(title: string, items: readonly string[]): string[] {
  return items.length === 0 ? [] : ['', `${title}:`, ...items.map((item) => `  ${item}`)]
}

function summary({ options, collector, fetcher, store, ratingModules, receivers, metrics }: Config): string[] {
  const { collect, api, state, DEFAULT } = options
  const begin = typeof collect.begin === 'number' ? new Date(collect.begin * 1000).toISOString() : collect.begin
  const zone = collect.timezone === UTC ? '' : `, by the calendar of ${collect.timezone.name}`
  const named = ({ plugin, options: own }: Chosen<Plugin<never, unknown>>) =>
    `${plugin.name}${optionList(plugin.options, own)}`
  return [
    'The configuration can be used. It would run:',
    `  collector  ${named(collector)}`,
    `  fetcher    ${named(fetcher)}`,
    `  modules    ${ratingModules.map(named).join(', ')}`,
    ...(receivers.length === 0 ? [] : [`  receivers  ${receivers.map(named).join(', ')}`]),
    `  periods    of ${collect.period} s, rated ${collect.wait_periods * collect.period} s after their begin, from ${begin} on, by ${collect.scope_key}${zone}`,
    `  metrics    ${metrics.length} from ${collect.metrics_conf}: ${metrics.map(({ type }) => type).join(', ')}`,
    `  state      ${maskAddress(formatStateAddress(state.url))}`,
    `  points     ${maskAddress(store.plugin.whereabouts(store.options))}`,
    `  API        http://${api.host.includes(':') ? `[${api.host.replace(/^\[|\]$/g, '')}]` : api.host}:${api.port}, ${DEFAULT.auth_strategy}`,
  ]
}

/** The options that differ from their defaults. */
function optionList(schema: z.ZodType, options: unknown): string {
  const shape = shapeOf(schema) ?? {}
  const values = Object.entries((options ?? {}) as Record<string, unknown>).flatMap(([name, value]) => {
    const option = Object.hasOwn(shape, name) ? shape[name] : undefined
    if (!option || value === undefined) return []
    const meta = optionMeta(option)
    const text = meta.secret ? '***' : maskAddress(optionText(value))
    return meta.default === text ? [] : [`${name} = ${text}`]
  })
  return values.length === 0 ? '' : ` (${values.join(', ')})`
}
