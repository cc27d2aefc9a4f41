import type { Chosen } from '../config/choose-plugins.ts'
import { kindOf, type PluginKind } from '../config/plugin-kinds.ts'
import { Disposer } from '../lib/disposer.ts'
import { errorText, Fault } from '../lib/fault.ts'
import type { Plugin } from '../lib/plugin.ts'
import { type Route, pathsOf } from '../http/route.ts'
import type { RatingContext, RatingModule, RatingPlugin } from '../rating/rating-module.ts'
import type { ForeignTables } from '../state/database.ts'

/**
 * What the plugin makes. Throws the plugin's own fault, or `config.invalid` with the plugin's name when it throws anything
 * else, or makes something that is not of its kind.
 */
export async function made<Context, Product>(
  kind: PluginKind,
  { plugin, options }: Chosen<Plugin<Context, Product>>,
  context: Context,
): Promise<Product> {
  const { what, makes } = kindOf(kind)
  let product: Product
  try {
    product = await plugin.create(options, context)
  } catch (cause) {
    if (cause instanceof Fault) throw cause
    throw new Fault('config.invalid', `the ${what} '${plugin.name}' cannot be made: ${errorText(cause)}`, {}, { cause })
  }
  const missing = makes.filter(
    (method) => typeof (product as Readonly<Record<PropertyKey, unknown>> | undefined)?.[method] !== 'function',
  )
  if (missing.length > 0)
    throw notWellFormed(what, plugin.name, `made something without ${missing.map(nameOf).join(', ')}`)
  return product
}

/** All of them, in the given order. They are disposed of by `owner`, those that want it. */
export async function openRatingModules(
  chosen: readonly Chosen<RatingPlugin>[],
  context: RatingContext,
  owner: Disposer,
): Promise<RatingModule[]> {
  const modules: RatingModule[] = []
  for (const each of chosen) {
    // oxlint-disable-next-line no-await-in-loop -- one after the other, so that each is disposed of should the next one fail
    const module = await made('rating', each, context)
    owner.defer(async () => module[Symbol.asyncDispose]?.())
    const { name } = each.plugin
    if (module.name !== name) throw notWellFormed('rating module', name, `calls itself '${module.name}'`)
    for (const route of module.routes ?? []) requireOwnPath(name, route)
    modules.push(module)
  }
  return modules
}

/** The tables that modules from outside this program bring. */
export function migrationsOf(chosen: readonly Chosen<RatingPlugin>[]): ForeignTables[] {
  return chosen.flatMap(({ plugin: { name, migrations } }) =>
    migrations === undefined ? [] : [{ owner: name, folder: migrations }],
  )
}

function requireOwnPath(name: string, route: Route<never>): void {
  const own = `/v1/rating/module_config/${name}`
  const other = pathsOf(route).find((path) => path !== own && !path.startsWith(`${own}/`))
  if (other !== undefined) throw notWellFormed('rating module', name, `has a route ${other}, which is not below ${own}`)
}

function nameOf(method: PropertyKey): string {
  return method === Symbol.asyncDispose ? '[Symbol.asyncDispose]' : String(method)
}

function notWellFormed(what: string, name: string, reason: string): Fault {
  return new Fault('config.invalid', `the ${what} '${name}' ${reason}; ask who wrote it`, { name })
}
