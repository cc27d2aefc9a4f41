/**
 * Adds to each package-lock.json the optional packages of other platforms that npm left out, because the registry in use
 * has only those of its own: without them `npm ci` refuses the file, on every platform. Run it after each change of
 * dependencies: `npx tsx scripts/complete-lockfile.ts`. Nothing is downloaded; what is complete stays as it is.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

interface Locked {
  readonly version?: string
  readonly cpu?: readonly string[]
  readonly dev?: boolean
  readonly libc?: readonly string[]
  readonly license?: string
  readonly optional?: boolean
  readonly os?: readonly string[]
  readonly optionalDependencies?: Readonly<Record<string, string>>
}

const FILES = ['../package-lock.json', 'services/chdb/package-lock.json']
const OS = ['aix', 'android', 'darwin', 'freebsd', 'linux', 'netbsd', 'openbsd', 'openharmony', 'sunos', 'win32']
const CPU = ['arm64', 'arm', 'ia32', 'loong64', 'mips64el', 'ppc64', 'riscv64', 's390x', 'x64']

for (const file of FILES) complete(fileURLToPath(new URL(file, import.meta.url)))

function complete(file: string): void {
  const lock = JSON.parse(readFileSync(file, 'utf8')) as { packages: Record<string, Locked> }
  for (const [owner, { optionalDependencies = {}, dev, license }] of Object.entries(lock.packages)) {
    for (const [name, version] of Object.entries(optionalDependencies)) {
      if (placesSeenFrom(owner, name).some((place) => lock.packages[place])) continue
      const [os, cpu] = [partOf(name, OS), partOf(name, CPU)]
      // Something else than a platform's package is npm's to find.
      if (!os || !cpu || !/^\d/.test(version)) throw new Error(`${name}@${version} of ${owner} names no platform`)
      lock.packages[`node_modules/${name}`] = {
        version,
        cpu: [cpu],
        ...(dev ? { dev } : {}),
        ...(os === 'linux' ? { libc: [name.includes('musl') ? 'musl' : 'glibc'] } : {}),
        ...(license ? { license } : {}),
        optional: true,
        os: [os],
      }
      process.stdout.write(`${name}@${version}\n`)
    }
  }
  const sorted = Object.entries(lock.packages).toSorted(([a], [b]) => a.localeCompare(b, 'en'))
  writeFileSync(file, `${JSON.stringify({ ...lock, packages: Object.fromEntries(sorted) }, null, 2)}\n`)
}

/** Where node looks for a package from another one's folder, nearest first. */
function placesSeenFrom(owner: string, name: string): string[] {
  const folders = owner.split('/node_modules/').map((_, i, parts) => parts.slice(0, i + 1).join('/node_modules/'))
  return [...folders.toReversed().map((folder) => `${folder}/node_modules/${name}`), `node_modules/${name}`]
}

function partOf(name: string, words: readonly string[]): string | undefined {
  const parts = name.split(/[-/.]/)
  return words.find((word) => parts.includes(word))
}
