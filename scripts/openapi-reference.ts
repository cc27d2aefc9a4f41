import { drizzle } from 'drizzle-orm/pglite'
import { apiDocument } from '../packages/server/src/api/api-document.ts'
import { apiRoutes } from '../packages/server/src/api/routes.ts'
import { UTC } from '../packages/server/src/domain/time-zone.ts'
import type { StateDatabase } from '../packages/server/src/state/database.ts'
import { RATING_MODULES } from '../packages/server/src/wiring/rating-modules.ts'
import { VERSION } from '../packages/server/src/wiring/version.ts'

/** The API document of this version with its own rating modules, as a service gives it at /openapi.json. */
export async function openApiReference(): Promise<object> {
  // What routes a module has does not depend on its database: none is opened, and none would answer.
  const db: StateDatabase = drizzle.mock()
  const plugins = await Promise.all(Object.values(RATING_MODULES).map((load) => load()))
  const modules = await Promise.all(
    plugins.map(async (plugin) => plugin.create(plugin.options.parse({}), { db, zone: UTC })),
  )
  return apiDocument(apiRoutes({ modules, version: VERSION }), VERSION)
}

/** As docs/reference/openapi.json has it. */
export function openApiText(document: object): string {
  return `${JSON.stringify(document, null, 2)}\n`
}
