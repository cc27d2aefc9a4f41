import type { Options } from '../config/options.ts'
import { unpricedRemedy } from '../rating/unpriced.ts'

/** noop is always on, and sets no prices. */
const SETS_NO_PRICES = 'noop'

/** That no rating module is on that sets prices, and what to do; undefined when one is. */
export function warnUnpriced(on: readonly string[]): string | undefined {
  if (on.some((name) => name !== SETS_NO_PRICES)) return undefined
  return `usage will cost nothing: ${unpricedRemedy({ type: '', reason: 'no-module' })}`
}

/** As `warnUnpriced`, for state that is not open; undefined as well when that cannot be told. */
export async function warnUnpricedBefore({ state }: Pick<Options, 'state'>): Promise<string | undefined> {
  const { url: address } = state
  const on =
    address.kind === 'postgresql'
      ? await (await import('../state/postgres/peek-modules.ts')).peekModules(address.url)
      : await (await import('../state/pglite/peek-modules.ts')).peekModules(address.folder)
  return on && warnUnpriced(on)
}
