import type { FetcherPlugin } from '../fetchers/fetcher.ts'

/** Every built-in fetcher. A new one is a folder under fetchers/ and one line here. */
export const FETCHERS = {
  gnocchi: () => import('../fetchers/gnocchi/index.ts').then((m) => m.plugin),
  keystone: () => import('../fetchers/keystone/index.ts').then((m) => m.plugin),
  prometheus: () => import('../fetchers/prometheus/index.ts').then((m) => m.plugin),
  samples: () => import('../fetchers/samples/index.ts').then((m) => m.plugin),
  source: () => import('../fetchers/source/index.ts').then((m) => m.plugin),
} satisfies Record<string, () => Promise<FetcherPlugin>>
