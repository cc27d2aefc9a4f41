/** A tidy test: it looks at the repository itself, as TigerBeetle's does. */
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { isBuiltin } from 'node:module'
import path from 'node:path'
import { expect, test } from 'vitest'

const ROOT = path.resolve(import.meta.dirname, '..')
const SERVER = 'packages/server'
const SELF = 'test/repository.test.ts'

/** Nothing but a table of tests is too long without a reason; the reason stands here. */
const LONG_FILES: Readonly<Record<string, string>> = {}
const MAX_LINES = 450

const FILES = listFiles('.')
const SOURCES = FILES.filter((file) => /\.(?:ts|tsx)$/.test(file))
const TEXTS = FILES.filter((file) => /\.(?:ts|tsx|md|sh|yml|conf|sql)$/.test(file) || file === '.ci/run')
const DOCUMENTS = FILES.filter((file) => file.endsWith('.md'))

test('nothing is left to be done, switched off or waved through', () => {
  const marks: [string, RegExp][] = [
    ['work left over', /\b(?:TODO|FIXME|XXX|HACK)\b/],
    ['a test that stands alone', /\.only\(/],
    ['a test that is switched off', /\b(?:test|it|describe)\.skip\(/],
    ['a type that is waved through', /\bas any\b|@ts-(?:ignore|nocheck|expect-error)/],
    ['a lint rule that is switched off without a reason', /(?:eslint|oxlint)-disable(?!.*--)/],
    ['trailing blanks', /[ \t]$/m],
    ['somebody who is a man', /\b(?:[Hh]e|[Hh]is|[Hh]im|[Hh]imself)\b/],
  ]
  const found = TEXTS.filter((file) => file !== SELF).flatMap((file) => {
    const text = read(file)
    return marks.flatMap(([what, mark]) => {
      const match = mark.exec(text)
      return match ? [`${file}:${text.slice(0, match.index).split('\n').length}: ${what}`] : []
    })
  })
  expect(found).toEqual([])
})

test('no file is too long without a reason, and no reason outlives its file', () => {
  const long = SOURCES.filter(
    (file) => !/(?:\.test|-contract)\.ts$/.test(file) && read(file).split('\n').length - 1 > MAX_LINES,
  )
  expect(long.toSorted()).toEqual(Object.keys(LONG_FILES).toSorted())
})

test('no statement of state has a parameter for each of any number of things', () => {
  const found = [...reachable([`${SERVER}/src/main.ts`])].flatMap((file) => {
    const text = read(file)
    return [
      ...(/(?<!Object)\.values\(\s*[^{\s)]/.test(text) && file !== `${SERVER}/src/state/insert-rows.ts`
        ? [`${file}: rows that are inserted go through insertRows`]
        : []),
      ...(/\binArray\b/.test(text) && file !== `${SERVER}/src/state/one-of.ts`
        ? [`${file}: isOneOf, not inArray`]
        : []),
    ]
  })
  // A thousand scopes at a time, which it updates where they are there already.
  expect(found).toEqual([`${SERVER}/src/state/scopes.ts: rows that are inserted go through insertRows`])
})

const TOP_LOCKED = lockedIn('package-lock.json')
const LOCKED = [...TOP_LOCKED, ...lockedIn('scripts/services/chdb/package-lock.json')]

interface Locked {
  readonly resolved?: string
  readonly integrity?: string
  readonly link?: boolean
  readonly os?: readonly string[]
  readonly optionalDependencies?: Readonly<Record<string, string>>
}

test('package-lock.json pins contents, and leaves the place of download to the registry in use', () => {
  const packages = LOCKED.filter(([name, it]) => name.includes('node_modules/') && !it.link)
  expect(packages.length).toBeGreaterThan(100)
  // Of another platform's package the registry in use may not know the content (scripts/complete-lockfile.ts).
  const isPinned = (it: Locked) => it.integrity?.startsWith('sha512-') || (it.integrity === undefined && it.os)
  const loose = packages.filter(([, it]) => it.resolved !== undefined || !isPinned(it))
  expect(loose.map(([name]) => name)).toEqual([])
})

test('`npm ci` brings less than 350 MB, and not the engine that only tests of ClickHouse need', () => {
  expect(TOP_LOCKED.filter(([place]) => place.includes('chdb'))).toEqual([])
  const there = TOP_LOCKED.filter(([place, it]) => place.includes('node_modules/') && !it.link)
  const sizes = there.map(([place]) => [place, bytesIn(path.join(ROOT, place))] as const)
  const sum = sizes.reduce((total, [, bytes]) => total + bytes, 0)
  const largest = sizes.toSorted(([, a], [, b]) => b - a).slice(0, 20)
  expect(sum < 350e6 ? [] : largest).toEqual([])
})

test('package-lock.json names the packages of every platform, without which npm ci refuses it', () => {
  const names = new Set(LOCKED.map(([place]) => place.split('node_modules/').at(-1)))
  const needed = LOCKED.flatMap(([, it]) => Object.keys(it.optionalDependencies ?? {}))
  // If this fails: npx tsx scripts/complete-lockfile.ts
  expect(needed.filter((name) => !names.has(name))).toEqual([])
})

test('every link in the documents leads somewhere', () => {
  const broken = DOCUMENTS.flatMap((file) =>
    [...read(file).matchAll(/\]\((?![a-z]+:)([^)\s]*)\)/g)].flatMap(([, link = '']) => {
      const [target = '', anchor] = link.split('#', 2)
      const to = target === '' ? file : path.posix.join(path.posix.dirname(file), target)
      const ok = existsSync(path.join(ROOT, to)) && (anchor === undefined || anchorsOf(to).has(anchor))
      return ok ? [] : [`${file}: ${link}`]
    }),
  )
  expect(broken).toEqual([])
})

test('every file and folder of ours that the documents name is there', () => {
  const missing = DOCUMENTS.flatMap((file) =>
    [...read(file).matchAll(/`([\w.-]+(?:\/[\w.-]+)*\/?)`/g)]
      .map(([, name = '']) => name)
      .filter((name) => name.includes('/') && /\/$|\.(?:ts|md|sh|yml|conf|json)$/.test(name))
      // docs/architecture.md counts from the server's sources.
      .filter((name) => !['.', `${SERVER}/src`].some((from) => existsSync(path.join(ROOT, from, name))))
      .map((name) => `${file}: ${name}`),
  )
  expect(missing).toEqual([])
})

test('the server has no dead file: main.ts leads to each one, or it is there for tests', () => {
  const isForTests = (file: string) => /\.(?:test|bench)\.ts$|-contract\.ts$|\/testing\//.test(file)
  const ours = SOURCES.filter((file) => file.startsWith(`${SERVER}/src/`))
  const product = reachable([`${SERVER}/src/main.ts`])
  const tested = reachable(SOURCES.filter((file) => file.endsWith('.test.ts') || file.startsWith('bench/')))
  const dead = ours.filter((file) => !(isForTests(file) ? tested : product).has(file))
  expect(dead).toEqual([])
})

test('what ships does not import what is there for tests', () => {
  const product = [...reachable([`${SERVER}/src/main.ts`])]
  expect(product.filter((file) => /\.test\.ts$|-contract\.ts$|\/testing\//.test(file))).toEqual([])
})

test('the server imports only packages that it names, and names none that it does not import', () => {
  const manifest = JSON.parse(read(`${SERVER}/package.json`)) as { dependencies: Record<string, string> }
  const imported = new Set<string>()
  for (const file of reachable([`${SERVER}/src/main.ts`])) {
    for (const name of importsOf(file)) {
      if (!name.startsWith('.') && !isBuiltin(name)) imported.add(packageOf(name))
    }
  }
  expect([...imported].toSorted()).toEqual(Object.keys(manifest.dependencies).toSorted())
})

/** Every file of ours, as a path from the top with `/`, in order. */
function listFiles(folder: string): string[] {
  const ignored = new Set(['node_modules', 'dist', 'data', 'coverage', '.git', 'tmp'])
  return readdirSync(path.join(ROOT, folder), { withFileTypes: true })
    .toSorted((a, b) => (a.name < b.name ? -1 : 1))
    .flatMap((entry) => {
      const name = path.posix.join(folder, entry.name)
      if (entry.isDirectory()) return ignored.has(entry.name) ? [] : listFiles(name)
      return entry.isFile() ? [name] : []
    })
}

function lockedIn(file: string): [place: string, locked: Locked][] {
  return Object.entries((JSON.parse(read(file)) as { packages: Record<string, Locked> }).packages)
}

/** Of a package without those that lie in it, which are named apart; 0 where it is another platform's. */
function bytesIn(folder: string): number {
  if (!existsSync(folder)) return 0
  return readdirSync(folder, { withFileTypes: true }).reduce((sum, entry) => {
    const inside = path.join(folder, entry.name)
    if (entry.isDirectory()) return entry.name === 'node_modules' ? sum : sum + bytesIn(inside)
    return entry.isFile() ? sum + statSync(inside).size : sum
  }, 0)
}

function read(file: string): string {
  return readFileSync(path.join(ROOT, file), 'utf8')
}

/** All files that these lead to by their imports, themselves included. */
function reachable(starts: readonly string[]): Set<string> {
  const seen = new Set(starts)
  // A set's iteration takes in what is added on the way.
  for (const file of seen) {
    for (const name of importsOf(file)) {
      if (name.startsWith('.')) seen.add(path.posix.join(path.posix.dirname(file), name))
    }
  }
  return seen
}

function importsOf(file: string): string[] {
  if (!SOURCES.includes(file)) return []
  const text = read(file)
  const forms = [
    /^(?:import|export)\s[^'"]*?from\s+'([^']+)'/gm,
    /^import\s+'([^']+)'/gm,
    /\bimport\('([^']+)'\)/g,
    /\bnew URL\('([^']+\.ts)', import\.meta\.url\)/g,
  ]
  return forms.flatMap((form) => Array.from(text.matchAll(form), ([, name = '']) => name))
}

function packageOf(name: string): string {
  return name
    .split('/')
    .slice(0, name.startsWith('@') ? 2 : 1)
    .join('/')
}

/** The anchors that GitHub makes from the headings of a document. */
function anchorsOf(file: string): Set<string> {
  if (!file.endsWith('.md')) return new Set()
  const headings = read(file).matchAll(/^#+\s+(.+)$/gm)
  return new Set(
    Array.from(headings, ([, heading = '']) =>
      heading
        .toLowerCase()
        .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
        .trim()
        .replaceAll(/\s/g, '-'),
    ),
  )
}
