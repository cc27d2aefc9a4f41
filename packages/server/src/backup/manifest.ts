import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { exists } from '../lib/exists.ts'
import { Fault } from '../lib/fault.ts'
import { listTree } from '../lib/list-tree.ts'
import { settle } from '../lib/settle.ts'
import { digestFiles, type DigestOptions } from './digest-files.ts'

const MANIFEST = 'manifest.json'
/** Lies in a folder that is being made, or whose making was interrupted. */
export const UNFINISHED = 'unfinished'
export const STATE_FOLDER = 'state'
export const POINTS_FOLDER = 'points'
const FORMAT = 1
/** A thousand files of state, and a million of points. */
const MANIFEST_BYTES_MAX = 256 * 1024 * 1024

/** What PostgreSQL calls its folders and files, and a table in parts: no backup has anything else in it. */
const OURS = /^state(?:\/[\w-][\w.-]*)*$|^points(?:\/[a-z_]+-\d{4,}\.parquet)?$/

function isOurs(path: string): boolean {
  return OURS.test(path)
}

const Manifest = z.object({
  format: z.literal(FORMAT),
  /** Of the program that made it. */
  version: z.string(),
  /** When state was copied, ISO 8601: what was committed up to then is in the backup. */
  at: z.iso.datetime(),
  state: z.object({ engine: z.literal('pglite'), migrations: z.int() }),
  points: z.object({
    engine: z.literal('duckdb'),
    version: z.int(),
    upTo: z.int(),
    rows: z.record(z.string().regex(/^[a-z_]+$/), z.int()),
  }),
  folders: z.array(z.string().refine(isOurs)),
  files: z.array(z.object({ path: z.string().refine(isOurs), size: z.int(), sha256: z.string() })),
})
export type Manifest = z.output<typeof Manifest>

/** Writes the manifest of what lies in the folder, which makes a backup of it. */
export async function writeManifest(
  folder: string,
  about: Pick<Manifest, 'version' | 'at' | 'state' | 'points'>,
  options: DigestOptions,
): Promise<Manifest> {
  const tree = await listTree(folder)
  const files = await digestFiles(
    folder,
    tree.files.filter(({ path }) => path !== UNFINISHED),
    options,
  )
  const manifest: Manifest = { format: FORMAT, ...about, folders: [...tree.folders], files }
  const path = join(folder, MANIFEST)
  await writeFile(path, `${JSON.stringify(manifest, undefined, 1)}\n`, { mode: 0o600 })
  await settle(path)
  return manifest
}

/**
 * Reads a backup's manifest and compares every file with it. Throws `backup.invalid` when anything is missing, changed, too
 * many, or something else than a plain file under a name that backups have: whoever made it may mean no good. Throws
 * `backup.newer_version` too.
 */
export async function verifyBackup(folder: string, knownMigrations: number, options: DigestOptions): Promise<Manifest> {
  const refuse = (reason: string, cause?: unknown) =>
    new Fault('backup.invalid', `${folder} is no backup that can be restored: ${reason}`, { folder }, { cause })
  const tree = await listTree(folder).catch((error: Error) => {
    throw refuse(error.message, error)
  })
  for (const path of tree.others) throw refuse(`${path} is no plain file (a symbolic link?), and does not belong to it`)
  const about = tree.files.find(({ path }) => path === MANIFEST)
  if (!about) throw refuse(`it has no ${MANIFEST}`)
  if (about.size > MANIFEST_BYTES_MAX) throw refuse(`${MANIFEST} has ${about.size} bytes, which is too much for one`)
  const text = await readFile(join(folder, MANIFEST), 'utf8')
  if (await exists(join(folder, UNFINISHED))) throw refuse('its making was interrupted')
  const manifest = parse(text, refuse)
  const { migrations } = manifest.state
  if (migrations > knownMigrations) {
    const message = `${folder} was made by version ${manifest.version}, which is newer than this program: install that version`
    throw new Fault('backup.newer_version', message, { folder, version: manifest.version })
  }
  const sizes = new Map(tree.files.map(({ path, size }) => [path, size]))
  sizes.delete(MANIFEST)
  for (const { path, size } of manifest.files) {
    const found = sizes.get(path)
    if (found === undefined) throw refuse(`${path} is missing`)
    if (found !== size) throw refuse(`${path} has ${found} bytes instead of ${size}`)
    sizes.delete(path)
  }
  for (const path of sizes.keys()) throw refuse(`${path} does not belong to it`)
  for (const path of tree.folders) if (!isOurs(path)) throw refuse(`the folder ${path} does not belong to it`)
  const digests = await digestFiles(folder, manifest.files, options)
  for (const [i, { path, sha256 }] of manifest.files.entries()) {
    if (digests[i]!.sha256 !== sha256) throw refuse(`${path} was changed or is damaged`)
  }
  return manifest
}

function parse(text: string, refuse: (reason: string, cause?: unknown) => Fault): Manifest {
  let raw: unknown
  try {
    raw = JSON.parse(text)
  } catch (error) {
    throw refuse(`${MANIFEST} is damaged`, error)
  }
  const parsed = Manifest.safeParse(raw)
  if (parsed.success) return parsed.data
  const format = z.object({ format: z.number(), version: z.string() }).safeParse(raw).data
  if (format && format.format > FORMAT) {
    const message = `the backup was made by version ${format.version}, which is newer than this program: install that version`
    throw new Fault('backup.newer_version', message, { version: format.version })
  }
  throw refuse(`${MANIFEST} is damaged`, parsed.error)
}
