import type { CollectorPlugin } from '../collectors/collector.ts'

/** Every built-in collector. A new one is a folder under collectors/ and one line here. */
export const COLLECTORS = {
  aetos: () => import('../collectors/aetos/index.ts').then((m) => m.plugin),
  gnocchi: () => import('../collectors/gnocchi/index.ts').then((m) => m.plugin),
  prometheus: () => import('../collectors/prometheus/index.ts').then((m) => m.plugin),
  samples: () => import('../collectors/samples/index.ts').then((m) => m.plugin),
} satisfies Record<string, () => Promise<CollectorPlugin>>
