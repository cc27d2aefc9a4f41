import { type DocumentInfo, openApiDocument } from '../http/openapi.ts'
import type { Route } from '../http/route.ts'

/** What holds for every route, and is therefore not said at each. */
const DESCRIPTION = `CloudKitty's API, and what is ours beside it.

API v1: arguments of GET and DELETE may also stand in a JSON object in the body, and one trailing slash is always taken.
Errors are a Fault. API v2: unknown parameters and members are refused. Errors are a Message. Where an operation answers at other
paths too, \`x-other-paths\` names them: an id that such a path leaves out is taken from the query or the body. Every path under
/v1/rating/ answers under /v1/billing/ too. \`x-policy\` is the rule of the policy that an operation asks.

Quantities and prices are decimals with up to 18 places. Where their type is \`number\` and their format \`decimal\`, they travel as
JSON numbers with all their digits, which a double may not hold; where it is \`string\`, as texts.

Any request may also be answered with 408 and 431 (headers that are slow or too long). Every answer but those of /healthcheck and
/metrics carries X-OpenStack-Request-ID.`

const TAGS: DocumentInfo['tags'] = {
  service: 'What this process is, and how it fares.',
  'v1 collector': 'Names of collectors, kept for old clients: nothing here decides what collects.',
  'v1 info': 'The metrics that are rated.',
  'v1 rating': 'Rating modules, and what a resource would cost.',
  hashmap: 'The rules of the rating module hashmap: prices of services and of values of their fields.',
  pyscripts: 'The scripts of the rating module pyscripts.',
  'v1 report': 'Sums of prices.',
  'v1 storage': 'Rated points.',
  'v2 scope': 'Who is rated, and how far.',
  'v2 dataframes': 'Rated points, and the way to bring some.',
  'v2 summary': 'Sums of quantities and prices.',
  'v2 rating': 'Rating modules.',
  'v2 task': 'Rating the past again.',
}

/** The API document of these routes. */
export function apiDocument(routes: readonly Route<never>[], version: string): object {
  return openApiDocument(routes, {
    title: 'CloudTabby',
    version,
    summary: 'Rating for clouds: who used what, and what it costs.',
    description: DESCRIPTION,
    license: { name: 'Apache License 2.0', identifier: 'Apache-2.0' },
    servers: [
      {
        url: 'http://127.0.0.1:8889',
        description: 'Where a fresh installation listens; elsewhere, the endpoint of the service type `rating`.',
      },
    ],
    tags: TAGS,
  })
}
