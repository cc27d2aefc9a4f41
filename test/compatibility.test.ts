import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { expect, test } from 'vitest'
import { apiRoutes } from '../packages/server/src/api/routes.ts'
import { pathsOf } from '../packages/server/src/http/route.ts'
import { hashmapRoutes } from '../packages/server/src/rating/hashmap/routes/routes.ts'
import { pyscriptsRoutes } from '../packages/server/src/rating/pyscripts/routes/routes.ts'

const DOCUMENT = resolve(import.meta.dirname, '../docs/compatibility.md')
const MODULES = [
  { name: 'hashmap', configurable: true, routes: hashmapRoutes('refuse') },
  { name: 'noop', configurable: false },
  { name: 'pyscripts', configurable: true, routes: pyscriptsRoutes('refuse') },
]
const SHORT: readonly (readonly [string, string])[] = [
  ['/v1/rating/module_config/hashmap/', 'H/'],
  ['/v1/rating/module_config/pyscripts/scripts', 'S'],
]

test('docs/compatibility.md has a row for every endpoint', () => {
  const rows = new Set(
    [...readFileSync(DOCUMENT, 'utf8').matchAll(/^\| `([A-Z]+ [^`]+)` \|/gm)].map((match) => match[1]),
  )
  const routes = apiRoutes({ modules: MODULES, version: '0' })
  const wanted = routes
    .map((route) => `${route.method} ${pathsOf(route)[0]!}`)
    .filter((endpoint) => !endpoint.includes('/v1/billing/'))
    .map((endpoint) => SHORT.reduce((text, [long, short]) => text.replace(long, short), endpoint))
  expect(wanted.filter((endpoint) => !rows.has(endpoint))).toEqual([])
})
