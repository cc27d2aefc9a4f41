import type { FetcherPlugin } from '../fetchers/fetcher.ts'

/** Every built-in fetcher. A new one is a folder under fetchers/ and one line here. */
export const FETCHERS = {
  gnocchi: () => import('../fetchers/gnocchi/index.ts').then((m) => m.plugin as FetcherPlugin),
  keystone: () => import('../fetchers/keystone/index.ts').then((m) => m.plugin as FetcherPlugin),
  prometheus: () => import('../fetchers/prometheus/index.ts').then((m) => m.plugin as FetcherPlugin),
  samples: () => import('../fetchers/samples/index.ts').then((m) => m.plugin as FetcherPlugin),
  source: () => import('../fetchers/source/index.ts').then((m) => m.plugin as FetcherPlugin),
} satisfies Record<string, () => Promise<FetcherPlugin>>
