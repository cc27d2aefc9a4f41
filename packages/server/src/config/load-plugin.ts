import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { errorText } from '../lib/fault.ts'
import { nearest } from '../lib/nearest.ts'
import { kindOf, type Part, type PluginKind, type PluginKinds, type PluginTable } from './plugin-kinds.ts'

/**
 * The plugin of that name, or the export `plugin` of a module of the operator's own: `./x.js` and `/x.js` are files (relative
 * to the working directory), `@scope/package` and `npm:package` are packages. Never throws for what the operator wrote.
 */
export async function loadPlugin<Kind extends PluginKind>(
  kind: Kind,
  name: string,
  table: PluginTable<PluginKinds[Kind]>,
  cwd: string,
): Promise<{ readonly plugin: PluginKinds[Kind] } | { readonly reason: string }> {
  if (Object.hasOwn(table, name)) return { plugin: await table[name]!() }
  const { what, refused = {} } = kindOf(kind)
  const specifier = toSpecifier(name, cwd)
  if (specifier === undefined) {
    if (Object.hasOwn(refused, name)) return { reason: refused[name]! }
    const meant = nearest(name, Object.keys(table))
    const known = Object.keys(table).toSorted().join(', ') || 'none is built in'
    return { reason: `there is no ${what} '${name}'${meant ? `; did you mean '${meant}'?` : ''} (known: ${known})` }
  }
  try {
    const { plugin } = (await import(specifier)) as { plugin?: unknown }
    if (plugin === undefined) return { reason: `module '${name}' has no export 'plugin'` }
    if (isPlugin(kind, plugin)) return { plugin }
    return { reason: `module '${name}': ${titleOf(plugin)} is no ${what}: it has ${faultsOf(kind, plugin).join(', ')}` }
  } catch (error) {
    return { reason: `module '${name}' cannot be loaded: ${errorText(error).replace(/ imported from .*$/s, '')}` }
  }
}

function toSpecifier(name: string, cwd: string): string | undefined {
  if (name.startsWith('/')) return pathToFileURL(name).href
  if (name.startsWith('./') || name.startsWith('../')) return pathToFileURL(join(cwd, name)).href
  if (name.startsWith('npm:')) return name.slice('npm:'.length)
  return name.startsWith('@') || name.startsWith('file:') ? name : undefined
}

/** What keeps a value from being a plugin of the kind. */
function faultsOf(kind: PluginKind, value: unknown): string[] {
  if (typeof value !== 'object' || value === null) return ['no members']
  const members = value as Readonly<Record<string, unknown>>
  const name = members['name']
  const faults =
    typeof name === 'string' && /^[a-z0-9][a-z0-9_-]*$/.test(name) ? [] : ["no 'name' of a-z, 0-9, _ and -"]
  const parts: Readonly<Record<string, Part>> = { options: 'schema', create: 'function', ...kindOf(kind).parts }
  for (const [part, wanted] of Object.entries(parts)) {
    const member = members[part]
    if (wanted.endsWith('?') && member === undefined) continue
    if (wanted === 'schema' && !isSchema(member)) faults.push(`no schema '${part}'`)
    if (wanted.startsWith('function') && typeof member !== 'function') faults.push(`no function '${part}'`)
    if (wanted === 'object?' && typeof member !== 'object') faults.push(`no object '${part}'`)
    if (wanted.startsWith('text') && typeof member !== 'string') faults.push(`no text '${part}'`)
  }
  return faults
}

function isPlugin<Kind extends PluginKind>(kind: Kind, value: unknown): value is PluginKinds[Kind] {
  return faultsOf(kind, value).length === 0
}

function isSchema(value: unknown): boolean {
  return typeof (value as { safeParse?: unknown } | null | undefined)?.safeParse === 'function'
}

function titleOf(plugin: unknown): string {
  const name = (plugin as { name?: unknown } | null)?.name
  return typeof name === 'string' ? `its plugin '${name}'` : 'its plugin'
}
