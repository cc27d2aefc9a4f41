import { performance } from 'node:perf_hooks'

/** One figure of `npm run bench`. */
export interface Measure {
  readonly name: string
  readonly value: number
  readonly unit: string
  /** How it was measured, where the name does not say it all. */
  readonly note?: string
}

/** Seconds of the median of several runs, after one that is not counted. */
export function medianSeconds(runs: number, run: () => void): number {
  run()
  const seconds = Array.from({ length: runs }, () => {
    const begin = performance.now()
    run()
    return (performance.now() - begin) / 1000
  })
  return seconds.toSorted((a, b) => a - b)[Math.floor(runs / 2)]!
}

/** Milliseconds of the median of several runs, after one that is not counted. */
export async function medianOf(runs: number, run: () => Promise<unknown>): Promise<number> {
  await run()
  const all: number[] = []
  for (let i = 0; i < runs; i++) {
    const begin = performance.now()
    await run()
    all.push(performance.now() - begin)
  }
  const median = all.toSorted((a, b) => a - b)[Math.floor(runs / 2)]!
  return Math.round(median * 10) / 10
}
