import { Fault } from '../lib/fault.ts'
import type { RatingModule } from '../rating/rating-module.ts'
import type { Author, AuthorDeps } from '../state/audit.ts'
import type { Modules } from '../state/modules.ts'

export interface ModuleDeps extends AuthorDeps {
  /** Every module there is, on or off. */
  readonly ratingModules: readonly Pick<RatingModule, 'name' | 'description' | 'configurable' | 'services'>[]
  readonly modules: Modules
}

/** A rating module as both APIs show it. */
export interface RatedModule {
  readonly name: string
  readonly description: string
  readonly enabled: boolean
  readonly configurable: boolean
  readonly priority: number
  /** Names of the services that it has rules for. */
  readonly services: () => Promise<readonly string[]>
}

const ALWAYS_ON = { enabled: true, priority: 1 }
const NEVER_TOUCHED = { enabled: false, priority: 1 }

/** So that it is seen why nothing is rated, and can be switched off. */
const MISSING = {
  description: 'Not a part of this service: nothing is rated while it is on.',
  configurable: false,
  services: () => Promise.resolve([]),
}

/** By name; those that are on in state though they are no part of this process as well. */
export async function listRatedModules({ ratingModules, modules }: ModuleDeps): Promise<RatedModule[]> {
  const states = await modules.all()
  const known = new Set(ratingModules.map(({ name }) => name))
  const missing = [...states].filter(([name, { enabled }]) => enabled && !known.has(name))
  return ratingModules
    .map((module): RatedModule => {
      const { name, description, configurable } = module
      // noop is always on, whatever is stored: CloudKitty's cloudkitty/rating/noop.py.
      const { enabled, priority } = name === 'noop' ? ALWAYS_ON : (states.get(name) ?? NEVER_TOUCHED)
      return {
        name,
        description,
        configurable,
        enabled,
        priority,
        services: async () => (await module.services?.()) ?? [],
      }
    })
    .concat(missing.map(([name, state]) => ({ name, ...MISSING, ...state })))
    .toSorted((a, b) => (a.name < b.name ? -1 : 1))
}

async function findRatedModule(deps: ModuleDeps, name: string): Promise<RatedModule | undefined> {
  return (await listRatedModules(deps)).find((module) => module.name === name)
}

/** Changes what is given. Takes effect with the next batch of every processor. */
export async function changeModule(
  { modules }: ModuleDeps,
  name: string,
  { enabled, priority }: { enabled?: boolean | undefined; priority?: number | undefined },
  author: Author,
): Promise<void> {
  if (enabled === undefined && priority === undefined) return
  const change = { ...(enabled === undefined ? {} : { enabled }), ...(priority === undefined ? {} : { priority }) }
  await modules.set(name, change, author)
}

/** The module, or the 404 whose text CloudKitty's clients match on. */
export async function demandModule(deps: ModuleDeps, name: string, message: string): Promise<RatedModule> {
  const module = await findRatedModule(deps, name)
  if (!module) throw new Fault('request.not_found', message)
  return module
}
