import { z } from 'zod'
import { defineRoute } from '../../http/route.ts'

const Version = z
  .strictObject({
    id: z.string(),
    links: z.array(z.strictObject({ href: z.string(), rel: z.literal('self') })),
    status: z.enum(['CURRENT', 'EXPERIMENTAL']),
  })
  .meta({ id: 'Version' })

const IDS = ['v1', 'v2'] as const

/** The versions that are served. */
export const getVersions = defineRoute<unknown>()({
  family: 'root',
  method: 'GET',
  path: '/',
  access: 'public',
  policy: null,
  operationId: 'listVersions',
  summary: 'The API versions',
  reply: { status: 200, schema: z.strictObject({ versions: z.array(Version) }) },
  handle(_deps, { request }) {
    const base = `${request.url.origin}${request.url.pathname.replace(/\/$/, '')}`
    return {
      versions: IDS.map((id) => ({
        id,
        links: [{ href: `${base}/${id}`, rel: 'self' as const }],
        status: id === 'v1' ? ('CURRENT' as const) : ('EXPERIMENTAL' as const),
      })),
    }
  },
})
