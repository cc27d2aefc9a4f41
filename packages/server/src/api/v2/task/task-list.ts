import { param } from '../../../http/v2-types.ts'

/** What lists of tasks are asked by, as CloudKitty's list of reprocesses. */
export const taskListQuery = {
  offset: param.int({ min: 0 }).default(0),
  limit: param.int({ min: 1 }).default(100),
  scope_ids: param.texts().default([]),
  order: param.oneOf(['asc', 'desc'], { anyCase: true }).default('desc'),
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
