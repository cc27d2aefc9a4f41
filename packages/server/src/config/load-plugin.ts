import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { z } from 'zod'
import { nearest } from '../lib/nearest.ts'

/** Plugins by name, each loaded when it is chosen. */
export type PluginTable<Plugin> = Readonly<Record<string, () => Promise<Plugin>>>

interface AnyPlugin {
  readonly name: string
  readonly options: z.ZodType
}

/**
 * The plugin of that name, or the export `plugin` of a module of the operator's own: `./x.js` and `/x.js` are files (relative
 * to the working directory), `@scope/package` and `npm:package` are packages. Never throws for what the operator wrote.
 */
export async function loadPlugin<Plugin extends AnyPlugin>(
  name: string,
  kind: 'collector' | 'fetcher',
  table: PluginTable<Plugin>,
  cwd: string,
): Promise<{ readonly plugin: Plugin } | { readonly reason: string }> {
  if (Object.hasOwn(table, name)) return { plugin: await table[name]!() }
  const specifier = toSpecifier(name, cwd)
  if (specifier === undefined) {
    const meant = nearest(name, Object.keys(table))
    const known = Object.keys(table).toSorted().join(', ')
    return { reason: `there is no ${kind} '${name}'${meant ? `; did you mean '${meant}'?` : ''} (known: ${known})` }
  }
  try {
    const { plugin } = (await import(specifier)) as { plugin?: unknown }
    const fitting = isPlugin(plugin)
    return fitting
      ? { plugin: plugin as Plugin }
      : { reason: `module '${name}' exports no 'plugin' with name, options and create` }
  } catch (error) {
    return {
      reason: `module '${name}' cannot be loaded: ${(error as Error).message.replace(/ imported from .*$/s, '')}`,
    }
  }
}

function toSpecifier(name: string, cwd: string): string | undefined {
  if (name.startsWith('/')) return pathToFileURL(name).href
  if (name.startsWith('./') || name.startsWith('../')) return pathToFileURL(join(cwd, name)).href
  if (name.startsWith('npm:')) return name.slice('npm:'.length)
  return name.startsWith('@') || name.startsWith('file:') ? name : undefined
}

function isPlugin(value: unknown): value is AnyPlugin {
  const plugin = value as { name?: unknown; options?: { safeParse?: unknown }; create?: unknown } | null | undefined
  return (
    typeof plugin?.name === 'string' &&
    typeof plugin.options?.safeParse === 'function' &&
    typeof plugin.create === 'function'
  )
}
