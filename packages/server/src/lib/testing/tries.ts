/**
 * How much tests try that draw at random, kill or fill: little by default, so that `npm test` is over in minutes; all of it
 * with THOROUGH=1, which .ci/run sets; twenty times as much with THOROUGH=20, for a search of hours.
 */
const THOROUGH = Number(process.env['THOROUGH'] ?? 0)
if (!(THOROUGH >= 0)) throw new Error(`THOROUGH=${process.env['THOROUGH']} is no number`)

export const isThorough = THOROUGH > 0

/** How often a test tries. */
export function tries(usual: number, full: number): number {
  return isThorough ? Math.ceil(full * THOROUGH) : usual
}
