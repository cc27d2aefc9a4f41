import type { PointStorePlugin } from '../storage/point-store.ts'

/** Every built-in points store. A new one is a folder under storage/ and one line here. */
export const POINT_STORES = {
  clickhouse: () => import('../storage/clickhouse/index.ts').then((m) => m.plugin),
  duckdb: () => import('../storage/duckdb/index.ts').then((m) => m.plugin),
} satisfies Record<string, () => Promise<PointStorePlugin>>
