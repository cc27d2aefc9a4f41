import { expect, test } from 'vitest'
import { byteCache, textBytes } from './byte-cache.ts'

test('however long what is remembered is, it stays within its bytes, and what was used last stays', () => {
  const cache = byteCache<string, string>(1_000_000, (value, key) => textBytes(value) + textBytes(key))
  for (let i = 0; i < 10_000; i++) {
    cache.set(`${i}`, 'x'.repeat(i))
    cache.get('0')
  }
  expect(cache.calculatedSize).toBeLessThanOrEqual(1_000_000)
  expect(cache.size).toBeLessThan(100)
  expect([cache.get('0'), cache.get('9999')?.length]).toEqual(['', 9999])
})

test('one entry does not drive out the others', () => {
  const cache = byteCache<string, string>(1_000_000, textBytes)
  cache.set('short', 'x')
  cache.set('long', 'x'.repeat(400_000))
  expect([cache.get('short'), cache.get('long')]).toEqual(['x', undefined])
})
