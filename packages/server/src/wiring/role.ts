/** `all` is both in one process; as many of `api` and `processor` as wanted, when both stores are servers. */
export const ROLES = ['all', 'api', 'processor'] as const
export type Role = (typeof ROLES)[number]
