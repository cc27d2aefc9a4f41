import { z } from 'zod'
import { defineRoute } from '../../http/route.ts'

const Version = z.strictObject({
  id: z.string(),
  links: z.array(z.strictObject({ href: z.string(), rel: z.literal('self') })),
  status: z.enum(['CURRENT', 'EXPERIMENTAL']),
})

/** The versions that are served: v2 only beside storage of version 2. */
export function getVersions(ids: readonly ('v1' | 'v2')[]) {
  return defineRoute<unknown>()({
    family: 'root',
    method: 'GET',
    path: '/',
    access: 'public',
    policy: null,
    summary: 'The API versions',
    reply: { status: 200, schema: z.strictObject({ versions: z.array(Version) }) },
    handle(_deps, { request }) {
      const base = `${request.url.origin}${request.url.pathname.replace(/\/$/, '')}`
      return {
        versions: ids.map((id) => ({
          id,
          links: [{ href: `${base}/${id}`, rel: 'self' as const }],
          status: id === 'v1' ? ('CURRENT' as const) : ('EXPERIMENTAL' as const),
        })),
      }
    },
  })
}
