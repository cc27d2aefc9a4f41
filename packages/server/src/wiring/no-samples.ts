import type { Snapshot } from '../domain/snapshot.ts'

/** What a collector or fetcher finds of pushed samples where no store is open. */
export const NO_SAMPLES = {
  samples: {
    readSamples: () => Promise.resolve([]),
    sampleScopes: () => Promise.resolve([]),
    firstSampleAt: () => Promise.resolve(undefined),
  },
  snapshot: (): Promise<Snapshot> => Promise.resolve({ highest: 0, hidden: [], tombstones: [] }),
}
