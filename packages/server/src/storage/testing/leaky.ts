import type { PointStore } from '../point-store.ts'

/** From now on the last row of each write is lost, without a word, until disposed of. Rows of the others are as they were. */
export function leaky(store: PointStore): Disposable {
  const write = store.write.bind(store)
  const writeSamples = store.writeSamples.bind(store)
  store.write = (batch, points, signal) => write(batch, points.slice(0, -1), signal)
  store.writeSamples = (batch, samples, signal) => writeSamples(batch, samples.slice(0, -1), signal)
  return {
    [Symbol.dispose]() {
      store.write = write
      store.writeSamples = writeSamples
    },
  }
}
