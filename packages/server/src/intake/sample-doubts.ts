import type { Sample } from '../domain/sample.ts'
import { nearest } from '../lib/nearest.ts'

/** Which samples are made usage of, by name: with the labels that are looked at. */
export type SampleNeeds = ReadonlyMap<string, readonly string[]>

/** What is likely to be a mistake in a file of samples, though it can be taken: like samples are one doubt. */
export interface SampleDoubt {
  readonly name: string
  /** The label that is missing; undefined when nothing is made of the samples at all. */
  readonly label: string | undefined
  readonly samples: number
  /** The first of them, ascending. */
  readonly lines: readonly number[]
}

const LINES_SHOWN = 5
/** A file of nothing but made-up names must not fill the memory. */
const DOUBTS_MAX = 200

/** Looks at samples one by one, as they come. */
export class SampleDoubts {
  readonly #needs: SampleNeeds
  readonly #doubts = new Map<string, { -readonly [K in keyof SampleDoubt]: SampleDoubt[K] } & { lines: number[] }>()

  constructor(needs: SampleNeeds) {
    this.#needs = needs
  }

  look({ name, labels }: Sample, line: number): void {
    const needed = this.#needs.get(name)
    if (needed === undefined) this.#add(name, undefined, line)
    else for (const label of needed) if (labels[label] === undefined) this.#add(name, label, line)
  }

  /** In the order in which they were met. */
  get found(): readonly SampleDoubt[] {
    return [...this.#doubts.values()]
  }

  #add(name: string, label: string | undefined, line: number): void {
    const key = JSON.stringify([name, label])
    const known = this.#doubts.get(key)
    if (known) {
      known.samples++
      if (known.lines.length < LINES_SHOWN) known.lines.push(line)
    } else if (this.#doubts.size < DOUBTS_MAX) {
      this.#doubts.set(key, { name, label, samples: 1, lines: [line] })
    }
  }
}

/** What is doubtful, where, and what to do. */
export function doubtText({ name, label, samples, lines }: SampleDoubt, needs: SampleNeeds): string {
  const where = `${samples === 1 ? 'line' : 'lines'} ${lines.join(', ')}${samples > lines.length ? ', …' : ''}`
  const what = `${samples} ${samples === 1 ? 'sample' : 'samples'} of ${name} (${where})`
  if (label !== undefined) {
    return `${what} without the label ${label}, which metrics.yml names: the rules see it as empty; fill it in, or take it out of metrics.yml`
  }
  const meant = nearest(name, needs.keys())
  return `${what}, which no metric of metrics.yml reads: nothing is rated of them; ${meant === undefined ? `add a metric ${name}` : `did you mean ${meant}? Else add a metric ${name}`}`
}
