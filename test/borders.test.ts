/** The borders between the rooms of the server: docs/architecture.md says what each room is for. */
import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { expect, test } from 'vitest'

const SOURCES = path.resolve(import.meta.dirname, '../packages/server/src')

/** What the program is put together of. */
const PARTS = [
  'lib',
  'domain',
  'http',
  'sources',
  'state',
  'storage',
  'auth',
  'collectors',
  'fetchers',
  'rating',
  'intake',
  'backup',
]

/**
 * Which other rooms a room may import from, lowest first. A room that is not named here is refused, and so is an import that is
 * not listed: a new room gets its line with the first file in it.
 */
const MAY_USE: Readonly<Record<string, readonly string[]>> = {
  lib: [],
  domain: ['lib'],
  http: ['lib', 'domain'],
  sources: ['lib', 'domain'],
  state: ['lib', 'domain'],
  storage: ['lib', 'domain'],
  auth: ['lib', 'domain', 'sources'],
  collectors: ['lib', 'domain', 'sources'],
  fetchers: ['lib', 'domain', 'sources'],
  rating: ['lib', 'domain', 'http', 'state'],
  intake: ['lib', 'domain', 'state', 'storage'],
  backup: ['lib', 'domain', 'state', 'storage'],
  processor: ['lib', 'domain', 'state', 'storage', 'collectors', 'fetchers', 'rating'],
  api: ['lib', 'domain', 'http', 'state', 'storage', 'rating', 'intake'],
  config: ['lib', 'domain', 'http', 'sources', 'storage', 'auth', 'collectors', 'fetchers', 'rating', 'intake'],
  quickstart: ['lib', 'domain', 'state', 'rating'],
  wiring: [...PARTS, 'processor', 'api', 'config'],
  commands: [...PARTS, 'processor', 'config', 'quickstart', 'wiring'],
  'main.ts': ['lib', 'commands'],
}

/** Folders of implementations behind an interface: only their own files, and the rooms that put the parts together, name them. */
const IMPLEMENTATIONS = [
  /^(?:collectors|fetchers)\/[^/]+\//,
  /^rating\/[^/]+\//,
  /^storage\/(?:duckdb|clickhouse)\//,
  /^state\/(?:pglite|postgres)\//,
]

/** Two collectors speak the same language: promql/ is what they have in common, and implements nothing by itself. */
const SHARED = [/^collectors\/promql\//]

interface Import {
  readonly from: string
  readonly to: string
}

const files = readdirSync(SOURCES, { recursive: true, encoding: 'utf8' })
  .map((file) => file.split(path.sep).join('/'))
  .filter((file) => file.endsWith('.ts') && !/\.test\.ts$|-contract\.ts$|(?:^|\/)testing\//.test(file))
const imports: readonly Import[] = files.flatMap((file) => importsOf(file).map((to) => ({ from: file, to })))

test('every room has its line, and every line its room', () => {
  expect([...new Set(files.map(roomOf))].toSorted()).toEqual(Object.keys(MAY_USE).toSorted())
})

test('a room imports from the rooms that its line names, and from no other', () => {
  const wrong = imports.filter(({ from, to }) => {
    const room = roomOf(from)
    return room !== roomOf(to) && !MAY_USE[room]?.includes(roomOf(to))
  })
  expect(wrong.map(render)).toEqual([])
})

test('no line leads back to itself by way of others', () => {
  const order: string[] = []
  const rest = new Set(Object.keys(MAY_USE))
  for (let found = true; found;) {
    found = false
    for (const room of rest) {
      if (MAY_USE[room]?.some((used) => rest.has(used))) continue
      order.push(room)
      rest.delete(room)
      found = true
    }
  }
  expect([...rest]).toEqual([])
})

test('only wiring/, commands/ and quickstart/ name implementations, and no implementation knows its brothers', () => {
  const wrong = imports.filter(({ from, to }) => {
    const inside = IMPLEMENTATIONS.map((form) => form.exec(to)?.[0]).find((folder) => folder !== undefined)
    if (inside === undefined || SHARED.some((form) => form.test(to))) return false
    return !from.startsWith(inside) && !['wiring', 'commands', 'quickstart'].includes(roomOf(from))
  })
  expect(wrong.map(render)).toEqual([])
})

test('no file leads back to itself by its imports, types included', () => {
  const next = new Map<string, string[]>()
  for (const { from, to } of imports) next.set(from, [...(next.get(from) ?? []), to])
  // What nothing leads on from is in no circle; taken away again and again, only circles and what leads to them stay.
  const rest = new Set(files)
  for (let found = true; found;) {
    found = false
    for (const file of rest) {
      if (next.get(file)?.some((to) => rest.has(to))) continue
      rest.delete(file)
      found = true
    }
  }
  expect([...rest]).toEqual([])
})

function roomOf(file: string): string {
  return file.split('/')[0] ?? file
}

function render({ from, to }: Import): string {
  return `${from} imports ${to}`
}

function importsOf(file: string): string[] {
  const text = readFileSync(path.join(SOURCES, file), 'utf8')
  return Array.from(text.matchAll(/(?:\bfrom|\bimport\(?)\s*'(\.{1,2}\/[^']+)'/g), ([, name = '']) =>
    path.posix.join(path.posix.dirname(file), name),
  )
}
