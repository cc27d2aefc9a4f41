import type { Route } from '../../../http/route.ts'
import type { RuleDeps } from '../../../rating/module-config.ts'
import type { RatingModule } from '../../../rating/rating-module.ts'
import type { ModuleDeps } from '../../rated-module.ts'
import { getModule } from './get-module.ts'
import { listModules } from './list-modules.ts'
import type { Base } from './module-object.ts'
import { postQuote, type QuoteDeps } from './post-quote.ts'
import { putModule } from './put-module.ts'
import { refuseModuleConfig } from './refuse-module-config.ts'
import { reloadModules } from './reload-modules.ts'

/** Under both names that CloudKitty had for it; the modules' own routes likewise. */
export function ratingRoutes(
  modules: readonly Pick<RatingModule, 'name' | 'configurable' | 'routes'>[],
): Route<ModuleDeps & QuoteDeps & RuleDeps>[] {
  const own = (base: Base) => [
    listModules(base),
    getModule(base),
    putModule(base),
    reloadModules(base),
    postQuote(base),
    ...modules.filter((module) => !module.configurable).map((module) => refuseModuleConfig(base, module.name)),
  ]
  const moduleRoutes = modules.flatMap(({ routes }) => routes ?? [])
  const twins = [...own('/v1/billing'), ...moduleRoutes.map(underBilling)]
  return [...own('/v1/rating'), ...moduleRoutes, ...twins.map((twin) => ({ ...twin, documented: false }))]
}

/** What the first CloudKitty called rating. */
function underBilling<Deps>(route: Route<Deps>): Route<Deps> {
  const toBilling = (path: string) => path.replace(/^\/v1\/rating\//, '/v1/billing/')
  const { path } = route
  if (typeof path === 'string') return { ...route, path: toBilling(path) }
  const [first, ...more] = path
  return { ...route, path: [toBilling(first), ...more.map(toBilling)] }
}
