import { z } from 'zod'
import { parseIsoTime } from '../../domain/iso-time.ts'

/** Milliseconds since 1970. */
const milliseconds = z.string().transform((text, ctx) => {
  const time = parseIsoTime(text, 'plain')
  if (time) return time.seconds * 1000 + time.micros / 1000
  ctx.addIssue({ code: 'custom', message: 'no time of ISO 8601' })
  return z.NEVER
})

/** What we read of Keystone's `GET` and `POST /v3/auth/tokens` (its keystone/models/token_model.py). */
export const TokenBody = z.object({
  token: z.object({
    user: z.object({ id: z.string() }),
    project: z.object({ id: z.string() }).optional(),
    domain: z.object({ id: z.string() }).optional(),
    system: z.object({ all: z.boolean().optional() }).optional(),
    roles: z.array(z.object({ name: z.string() })).default([]),
    is_admin_project: z.boolean().default(true),
    issued_at: milliseconds,
    expires_at: milliseconds,
    catalog: z
      .array(
        z.object({
          type: z.string(),
          endpoints: z
            .array(
              z.object({
                interface: z.string(),
                region: z.string().nullish(),
                region_id: z.string().nullish(),
                url: z.string(),
              }),
            )
            .default([]),
        }),
      )
      .default([]),
  }),
})

export type Token = z.output<typeof TokenBody>['token']
export type Catalog = Token['catalog']
