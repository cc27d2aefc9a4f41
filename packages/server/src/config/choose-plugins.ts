import type { z } from 'zod'
import type { ConfigFault } from './config-fault.ts'
import { loadPlugin } from './load-plugin.ts'
import { SECTIONS } from './options.ts'
import { kindOf, type PluginKind, type PluginKinds, type PluginTables, sectionOf } from './plugin-kinds.ts'
import type { Settings } from './settings.ts'

/** A plugin and the options of its section. */
export interface Chosen<Plugin> {
  readonly plugin: Plugin
  readonly options: unknown
}

type PluginsOf<Kind extends PluginKind> = readonly PluginKinds[Kind][]
/** Those that could be loaded, by kind. */
export type LoadedPlugins = { readonly [Kind in PluginKind]: PluginsOf<Kind> }

export interface LoadParts {
  readonly tables: PluginTables
  readonly settings: Settings
  /** What is written, or else the default. */
  readonly textOf: (section: string, option: string) => string
  readonly cwd: string
  readonly report: (fault: ConfigFault) => void
}

/** Loads what the configuration names, of every kind; reports names that mean nothing, or two things. */
export async function loadPlugins(parts: LoadParts): Promise<LoadedPlugins> {
  const load = <Kind extends PluginKind>(kind: Kind) => loadKind(kind, parts)
  const [collector, fetcher, rating, receiver, store] = await Promise.all([
    load('collector'),
    load('fetcher'),
    load('rating'),
    load('receiver'),
    load('store'),
  ])
  return { collector, fetcher, rating, receiver, store }
}

async function loadKind<Kind extends PluginKind>(
  kind: Kind,
  { tables, settings, textOf, cwd, report }: LoadParts,
): Promise<PluginsOf<Kind>> {
  const { what, section, option, choice } = kindOf(kind)
  const refuse = (reason: string) => {
    const where = settings.get(section, option)?.where ?? settings.files.at(-1) ?? 'default'
    report({ where, path: `[${section}] ${option}`, reason })
  }
  const text = textOf(section, option)
  const named = choice === 'one' ? [text] : text.split(',').map((name) => name.trim())
  const names = new Set(choice === 'all' ? [...Object.keys(tables[kind]), ...named] : named)
  if (choice !== 'one') names.delete('')
  const loaded = await Promise.all([...names].map((name) => loadPlugin(kind, name, tables[kind], cwd)))
  const plugins = new Map<string, PluginKinds[Kind]>()
  for (const found of loaded) {
    if ('reason' in found) {
      refuse(found.reason)
      continue
    }
    const { name } = found.plugin
    const own = sectionOf(kind, name)
    if (Object.hasOwn(SECTIONS, own)) refuse(`no ${what} can be called '${name}', because [${own}] is another section`)
    else if (plugins.has(name)) refuse(`two of them are called '${name}'; every ${what} needs a name of its own`)
    else plugins.set(name, found.plugin)
  }
  return [...plugins.values()].toSorted((a, b) => (a.name < b.name ? -1 : 1))
}

/** The plugins with what their sections say, whose faults `report` is told. */
export function readPlugins<Plugin extends { readonly name: string; readonly options: z.ZodType }>(
  kind: PluginKind,
  plugins: readonly Plugin[],
  read: (section: string, schema: z.ZodType, owner: string) => unknown,
): readonly Chosen<Plugin>[] {
  const { what } = kindOf(kind)
  return plugins.map((plugin) => ({
    plugin,
    options: read(sectionOf(kind, plugin.name), plugin.options, `the ${what} '${plugin.name}'`),
  }))
}
