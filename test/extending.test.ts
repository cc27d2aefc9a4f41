import { readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { expect, test } from 'vitest'

const ROOT = resolve(import.meta.dirname, '..')
const PAGE = readFileSync(join(ROOT, 'docs/extending.md'), 'utf8')
const BLOCKS = [...PAGE.matchAll(/^```ts\n\/\/ (\S+)\n(.*?)\n```$/gms)].map(([, file, code]) => [file!, code!] as const)

test('docs/extending.md shows code of the examples, which are compiled and run', () => {
  expect(BLOCKS.length).toBe([...PAGE.matchAll(/^```ts$/gm)].length)
  expect(BLOCKS.length).toBeGreaterThan(5)
  for (const [file, code] of BLOCKS) expect(readFileSync(join(ROOT, file), 'utf8')).toContain(code)
})
