import { pagingQuery, param } from '../../../http/v2-types.ts'

/** What lists of tasks are asked by, as CloudKitty's list of reprocesses. */
export const taskListQuery = {
  ...pagingQuery,
  scope_ids: param.texts().default([]).describe('Of these scopes only.'),
  order: param.oneOf(['asc', 'desc'], { anyCase: true }).default('desc').describe('The oldest or the newest first.'),
}

interface Asked {
  readonly path: { readonly scope_id?: string | undefined }
  readonly query: {
    readonly offset: number
    readonly limit: number
    readonly scope_ids: readonly string[]
    readonly order: 'asc' | 'desc'
  }
}

/** A scope in the path wins over the list; an empty list is all. */
export function toTaskFilter({ path, query: { offset, limit, scope_ids, order } }: Asked) {
  return { scopeIds: path.scope_id === undefined ? scope_ids : [path.scope_id], order, offset, limit }
}
