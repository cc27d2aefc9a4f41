import type { PluginTables } from '../config/plugin-kinds.ts'
import { COLLECTORS } from './collectors.ts'
import { FETCHERS } from './fetchers.ts'
import { POINT_STORES } from './point-stores.ts'
import { RATING_MODULES } from './rating-modules.ts'
import { RECEIVERS } from './receivers.ts'

/** Whatever configuration may choose by a name, by its kind. */
export const PLUGINS: PluginTables = {
  collector: COLLECTORS,
  fetcher: FETCHERS,
  rating: RATING_MODULES,
  receiver: RECEIVERS,
  store: POINT_STORES,
}
