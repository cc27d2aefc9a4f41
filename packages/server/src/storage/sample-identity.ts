import type { Sample } from '../domain/sample.ts'

/** Name and labels as one text, the same for whatever order of the labels. */
export function sampleIdentity({ name, labels }: Sample): string {
  return JSON.stringify([name, Object.entries(labels).toSorted(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))])
}
