/** The record's own value under a key that somebody else wrote: `constructor` and `__proto__` are keys like any other. */
export function ownValue<T>(record: Readonly<Record<string, T>> | undefined, key: string): T | undefined {
  return record && Object.hasOwn(record, key) ? record[key] : undefined
}
