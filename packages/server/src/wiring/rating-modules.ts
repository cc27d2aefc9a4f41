import type { RatingPlugin } from '../rating/rating-module.ts'

/** Every built-in rating module. A new one is a folder under rating/ and one line here. */
export const RATING_MODULES = {
  hashmap: () => import('../rating/hashmap/index.ts').then((m) => m.plugin),
  noop: () => import('../rating/noop/index.ts').then((m) => m.plugin),
  pyscripts: () => import('../rating/pyscripts/index.ts').then((m) => m.plugin),
} satisfies Record<string, () => Promise<RatingPlugin>>
