import { z } from 'zod'
import { defineRoute } from '../../../http/route.ts'
import { type ListDeps, withinRows } from '../../../http/within-rows.ts'
import { out, pagingQuery, param } from '../../../http/v2-types.ts'
import { countAudit, listAudit as listRecords, type StoredRecord } from '../../../state/audit.ts'
import type { StateDatabase } from '../../../state/database.ts'
import { AUDIT_ACTIONS } from '../../../state/schema.ts'

export interface AuditDeps extends ListDeps {
  readonly db: StateDatabase
}

const AuditRecord = z
  .strictObject({
    id: z.int().describe('Later changes have greater ones.'),
    at: out.instant(),
    user_id: z.string().describe('Who made the change; `unknown` when nobody said.'),
    project_id: z.string().nullable().describe("Of the user's token."),
    request_id: z.string().nullable().describe("The request's `X-OpenStack-Request-ID`; null when it was none."),
    action: z.enum(AUDIT_ACTIONS),
    kind: z.string().describe('What kind of thing: `hashmap_mapping`, `scope`.'),
    target: z.string().describe('Its id or name.'),
    before: z.record(z.string(), z.unknown()).nullable().describe('As it was; null when it is new.'),
    after: z.record(z.string(), z.unknown()).nullable().describe('As it is; null when it is gone.'),
  })
  .meta({ id: 'AuditRecord' })

const among = () => param.texts().default([])

export const listAudit = defineRoute<AuditDeps>()({
  family: 'v2',
  method: 'GET',
  path: '/v2/audit',
  policy: 'audit:list',
  operationId: 'listAudit',
  summary: 'Who changed what, the newest change first',
  description:
    'A record for every change of rules, scripts, modules, scopes, tasks and collector settings, and for pushed usage; decimals are ' +
    'texts, and long texts are cut. `total` counts all that match.',
  query: {
    ...pagingQuery,
    begin: param.datetime().optional().describe('Changes from then on.'),
    end: param.datetime().optional().describe('Changes before then.'),
    user_id: among(),
    project_id: among(),
    request_id: among(),
    action: among(),
    kind: among(),
    target: among(),
  },
  reply: { status: 200, schema: z.strictObject({ total: z.int(), results: z.array(AuditRecord) }) },
  async handle({ db, rowsMax }, { query }) {
    const { offset, limit } = query
    const filter = {
      since: query.begin,
      until: query.end,
      users: query.user_id,
      projectIds: query.project_id,
      requestIds: query.request_id,
      actions: query.action,
      kinds: query.kind,
      targets: query.target,
    }
    const [records, total] = await Promise.all([
      withinRows({ rowsMax }, (most) => listRecords(db, { ...filter, offset, limit: most }), limit),
      countAudit(db, filter),
    ])
    return { total, results: records.map(toObject) }
  },
})

function toObject({ id, at, who, projectId, requestId, action, kind, target, before, after }: StoredRecord) {
  return {
    id,
    at: at.toISOString().replace('Z', '+00:00'),
    user_id: who,
    project_id: projectId,
    request_id: requestId,
    action,
    kind,
    target,
    before,
    after,
  }
}
