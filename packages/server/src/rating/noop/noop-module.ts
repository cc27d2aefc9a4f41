import type { RatingModule } from '../rating-module.ts'

/** Changes nothing. Enabled always, as CloudKitty's `noop` is. */
export function noopModule(): RatingModule {
  return {
    name: 'noop',
    description: 'Dummy test module.',
    configurable: false,
    load: () => Promise.resolve({ rate: (frames) => frames }),
  }
}
