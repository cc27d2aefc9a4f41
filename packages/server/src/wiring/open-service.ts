import type { Logger } from 'pino'
import type { Config } from '../config/load-config.ts'
import { type BillingTime, billingTime } from '../domain/billing-time.ts'
import { Disposer } from '../lib/disposer.ts'
import { RatingPipeline } from '../rating/rating-pipeline.ts'
import { Imports } from '../state/imports.ts'
import { Modules } from '../state/modules.ts'
import { Reprocesses } from '../state/reprocesses.ts'
import type { ScopeNames } from '../state/scope-names.ts'
import { Scopes } from '../state/scopes.ts'
import { openRatingModules } from './make-plugin.ts'
import { openStores, type Stores } from './open-stores.ts'

/** The open stores and what stands on them: enough to answer, to import and to report. */
export interface Service extends Stores {
  readonly names: ScopeNames
  readonly time: BillingTime
  readonly scopes: Scopes
  readonly modules: Modules
  readonly imports: Imports
  readonly reprocesses: Reprocesses
  readonly pipeline: RatingPipeline
}

/** Opens the stores, as `openStores` does, and makes what stands on them. Disposal closes all of it. */
export async function openService(config: Config, log: Logger): Promise<Service> {
  const owned = new Disposer()
  try {
    const stores = owned.use(await openStores(config, log))
    const { db } = stores
    const { collect, storage } = config.options
    const modules = new Modules(db)
    const ratingModules = await openRatingModules(config.ratingModules, { db, zone: collect.timezone }, owned)
    return {
      ...stores,
      names: {
        scopeKey: collect.scope_key,
        fetcher: config.fetcher.plugin.name,
        collector: config.collector.plugin.name,
      },
      time: billingTime(
        {
          periodSeconds: collect.period,
          zone: collect.timezone,
          begin: collect.begin,
          keepHours: storage.retention_period,
        },
        () => new Date(),
      ),
      scopes: new Scopes(db),
      modules,
      imports: new Imports(db),
      reprocesses: new Reprocesses(db),
      pipeline: new RatingPipeline(ratingModules, modules),
      [Symbol.asyncDispose]: () => owned[Symbol.asyncDispose](),
    }
  } catch (error) {
    await owned[Symbol.asyncDispose]()
    throw error
  }
}
