export interface BackOffBounds {
  readonly min: number
  readonly max: number
}

/** Seconds until the next try after so many failures in a row before this one: doubled each time, within bounds. */
export function backOff(failures: number, { min, max }: BackOffBounds): number {
  return Math.min(max, min * 2 ** Math.min(failures, 30))
}
