import { LRUCache } from 'lru-cache'

/** What an entry takes beside its key and its value. */
const ENTRY_BYTES = 100
/** Of the whole: what is larger is not remembered, so that one entry does not drive out all others. */
const ENTRY_SHARE = 1 / 8

/**
 * What was used last, as much of it as fits into so many bytes: entries are weighed, not counted, since what clients send may
 * be short or long. `bytesOf` is about what a value takes together with its key. What was set may be gone at once.
 */
export function byteCache<K extends {}, V extends {}>(
  bytesMax: number,
  bytesOf: (value: V, key: K) => number,
): LRUCache<K, V> {
  return new LRUCache({
    maxSize: bytesMax,
    maxEntrySize: Math.ceil(bytesMax * ENTRY_SHARE),
    sizeCalculation: (value, key) => ENTRY_BYTES + Math.ceil(bytesOf(value, key)),
  })
}

/** About what a text takes in memory: one that is not Latin, two bytes a character. */
export function textBytes(text: string): number {
  return 32 + 2 * text.length
}
