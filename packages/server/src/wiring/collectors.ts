import type { CollectorPlugin } from '../collectors/collector.ts'

/** Every built-in collector. A new one is a folder under collectors/ and one line here. */
export const COLLECTORS = {
  aetos: () => import('../collectors/aetos/index.ts').then((m) => m.plugin as CollectorPlugin),
  gnocchi: () => import('../collectors/gnocchi/index.ts').then((m) => m.plugin as CollectorPlugin),
  prometheus: () => import('../collectors/prometheus/index.ts').then((m) => m.plugin as CollectorPlugin),
  samples: () => import('../collectors/samples/index.ts').then((m) => m.plugin as CollectorPlugin),
} satisfies Record<string, () => Promise<CollectorPlugin>>
