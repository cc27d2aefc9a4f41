import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import {
  appendFile,
  cp,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rename,
  rm,
  stat,
  symlink,
  writeFile,
} from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { sql } from 'drizzle-orm'
import { pino } from 'pino'
import { Registry } from 'prom-client'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { decimal } from '../domain/decimal.ts'
import { Batches } from '../state/batches.ts'
import { Maintenance } from '../state/maintenance.ts'
import { knownMigrations } from '../state/database.ts'
import { openPGlite } from '../state/pglite/open-pglite.ts'
import { makeTestStateFolder } from '../state/testing/open-test-state.ts'
import { openDuckDBStore, restoreDuckDBFile } from '../storage/duckdb/open-duckdb-store.ts'
import type { PointStore } from '../storage/point-store.ts'
import { HOUR, JUNE, point, query, sample, series, table } from '../storage/testing/points.ts'
import { backupEvents } from './events.ts'
import { backUp, type BackupParts } from './back-up.ts'
import type { Manifest } from './manifest.ts'
import { restore } from './restore.ts'
import { finishSwap, type Move, swap } from './swap.ts'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'backup-'))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

const { signal } = new AbortController()
const quiet = { signal, onProgress: () => {} }
const never = new AbortController().signal

/** Both stores in a folder, with the protocol that makes points count. */
async function openAt(name: string) {
  const root = join(folder, name)
  if (!existsSync(join(root, 'state'))) await makeTestStateFolder(join(root, 'state'))
  const state = await openPGlite(join(root, 'state'))
  const store = await openDuckDBStore({ path: join(root, 'points.duckdb') })
  const batches = new Batches(state.db, { owner: 'test', leaseSeconds: 60 })
  const parts: BackupParts = {
    state: { ...state, copyTo: state.copyTo! },
    points: store,
    maintenance: new Maintenance(state.db),
    events: backupEvents(pino({ level: 'silent' }), new Registry()),
    version: '1.2.3',
  }
  return {
    db: state.db,
    store,
    batches,
    parts,
    /** Writes and commits one point of this quantity, an hour after another. */
    async push(hour: number, quantity: string) {
      const batch = await batches.begin('pushed')
      await store.write(batch, [point(series(), { begin: JUNE + hour * HOUR, quantity })])
      await batches.commit(batch)
      return batch
    },
    shown: async () => quantities(store, batches),
    async sweep() {
      const gone = await batches.sweepable()
      await store.deleteBatches(gone.batches.map(({ id }) => id))
      await store.deleteTombstones(gone.tombstones)
      await batches.swept(gone)
    },
    [Symbol.asyncDispose]: async () => {
      await store[Symbol.asyncDispose]()
      await state[Symbol.asyncDispose]()
    },
  }
}

async function quantities(store: PointStore, batches: Batches): Promise<string[]> {
  const hourly = query({ buckets: { seconds: HOUR, origin: 0 } })
  return table(await store.total(hourly, await batches.snapshot())).map(([quantity]) => quantity!)
}

const restoreTo = async (from: string, name: string, force = false) =>
  restore(
    { openState: openPGlite, restorePoints: restoreDuckDBFile, migrations: await knownMigrations() },
    {
      folder: join(folder, from),
      stateFolder: join(folder, name, 'state'),
      pointsFile: join(folder, name, 'points.duckdb'),
      force,
    },
    quiet,
  )

test('a backup holds what its state shows, whatever is committed, begun and swept while it is made', async () => {
  const backup = join(folder, "b-o'protocol")
  {
    await using live = await openAt('protocol')
    await live.push(0, '1')
    await live.push(1, '2')
    const pending = await live.batches.begin('pushed')
    await live.store.write(pending, [point(series(), { begin: JUNE + 2 * HOUR, quantity: '4' })])
    await live.store.writeSamples(1, [
      sample('cpu', JUNE, '-99999999999999999999.999999999999999999', { id: 'o\'k "🙂"' }),
    ])
    const between = async () => {
      await live.batches.commit(pending)
      const next = await live.batches.begin('pushed')
      await live.store.write(next, [point(series(), { begin: JUNE, quantity: '8' })])
      await live.batches.commit(next, { replaces: [{ scopeId: 'alpha', begin: JUNE, end: JUNE + HOUR }] })
      await live.db.execute(sql`UPDATE tombstones SET created_at = now() - interval '1 day'`)
      await live.sweep()
    }
    const points: BackupParts['points'] = {
      async copyTo(...args) {
        await between()
        return live.store.copyTo(...args)
      },
    }
    const manifest = await backUp({ ...live.parts, points }, backup, quiet)
    expect(manifest).toMatchObject({ version: '1.2.3', points: { upTo: 3, rows: { points: 3, samples: 1 } } })
    expect(await live.shown()).toEqual(['8', '2', '4'])
    expect((await live.store.retrieve(query({ limit: 0 }), { highest: 99, hidden: [], tombstones: [] })).total).toBe(4)
    await live.sweep()
    expect((await live.store.retrieve(query({ limit: 0 }), { highest: 99, hidden: [], tombstones: [] })).total).toBe(3)
  }
  await restoreTo("b-o'protocol", 'protocol-restored')
  await using restored = await openAt('protocol-restored')
  await restored.batches.abandonAll()
  expect(await restored.shown()).toEqual(['1', '2'])
  const asked = { name: 'cpu', method: 'sum', labels: ['id'], scopeKey: 'id', scopes: ['o\'k "🙂"'] } as const
  const periods = [{ begin: JUNE, end: JUNE + HOUR }]
  const [found] = await restored.store.readSamples({ ...asked, periods }, await restored.batches.snapshot(), never)
  expect(found!.value).toEqual(decimal('-99999999999999999999.999999999999999999'))
  // The number that was given after the copy is given again: nothing of that other batch is there.
  expect(await restored.push(3, '16')).toBe(4)
  await restored.sweep()
  expect(await restored.shown()).toEqual(['1', '2', '16'])
})

test('nothing is left of a backup that fails, and a folder that is in use is refused', async () => {
  await using live = await openAt('failing')
  await live.push(0, '1')
  const at = (name: string) => join(folder, `f-${name}`)
  const points = { copyTo: () => Promise.reject(new Error('no room')) }
  await expect(backUp({ ...live.parts, points }, at('one'), quiet)).rejects.toMatchObject({ code: 'backup.failed' })
  const stop = new AbortController()
  const onProgress = () => stop.abort(new Error('enough'))
  await expect(backUp(live.parts, at('one'), { signal: stop.signal, onProgress })).rejects.toThrow('enough')
  expect((await readdir(folder)).filter((name) => name.startsWith('f-'))).toEqual([])

  await mkdir(at('two'))
  await backUp(live.parts, at('two'), quiet)
  expect((await stat(at('two'))).mode & 0o777).toBe(0o700)
  expect((await stat(join(at('two'), 'manifest.json'))).mode & 0o777).toBe(0o600)
  await expect(backUp(live.parts, at('two'), quiet)).rejects.toMatchObject({ code: 'backup.folder' })
  await mkdir(join(at('three.partial'), 'precious'), { recursive: true })
  await expect(backUp(live.parts, at('three'), quiet)).rejects.toMatchObject({ code: 'backup.folder' })
  await backUp(live.parts, join(at('four'), 'and', 'deep'), quiet)
  expect((await stat(at('four'))).mode & 0o777).toBe(0o700)
})

test('what is not whole is refused before anything is touched; stores that are there only give way by force', async () => {
  {
    await using live = await openAt('whole')
    await live.push(0, '1')
    await backUp(live.parts, join(folder, 'b-whole'), quiet)
  }
  const broken = async (name: string, breakIt: (path: string) => Promise<unknown>) => {
    await cp(join(folder, 'b-whole'), join(folder, name), { recursive: true })
    await breakIt(join(folder, name))
    return restoreTo(name, 'never')
  }
  const points = 'points/points-0001.parquet'
  const refusals: [string, (path: string) => Promise<unknown>, RegExp][] = [
    ['empty', async (path) => rm(path, { recursive: true }).then(() => mkdir(path)), /no manifest\.json/],
    ['unfinished', (path) => writeFile(join(path, 'unfinished'), ''), /making was interrupted/],
    ['shorter', (path) => writeFile(join(path, points), ''), /points-0001\.parquet has 0 bytes instead of/],
    ['flipped', (path) => flip(join(path, 'state/PG_VERSION')), /state\/PG_VERSION was changed or is damaged/],
    ['missing', (path) => rm(join(path, points)), /points-0001\.parquet is missing/],
    ['more', (path) => writeFile(join(path, 'points/points-0002.parquet'), ''), /does not belong to it/],
    ['linked', (path) => link(path, 'state/base'), /state\/base is no plain file/],
    ['linked-file', (path) => link(path, 'state/PG_VERSION'), /state\/PG_VERSION is no plain file/],
    ['linked-points', (path) => link(path, points), /points-0001\.parquet is no plain file/],
    ['linked-manifest', (path) => link(path, 'manifest.json'), /manifest\.json is no plain file/],
    ['piped', async (path) => void execFileSync('mkfifo', [join(path, 'state/pipe')]), /state\/pipe is no plain file/],
    ['more-folders', (path) => mkdir(join(path, 'scripts')), /folder scripts does not belong/],
    [
      'upwards',
      (path) => edit(path, ({ folders }) => folders.push('state/../../../upwards')),
      /manifest\.json is damaged/,
    ],
    ['absolute', (path) => edit(path, ({ files }) => (files[0]!.path = '/etc/passwd')), /manifest\.json is damaged/],
    [
      'tables',
      (path) => edit(path, ({ points }) => (points.rows['points; DROP TABLE x'] = 1)),
      /manifest\.json is damaged/,
    ],
    ['garbled', (path) => writeFile(join(path, 'manifest.json'), '{'), /manifest\.json is damaged/],
  ]
  for (const [name, breakIt, message] of refusals) {
    await expect(broken(name, breakIt)).rejects.toMatchObject({
      code: 'backup.invalid',
      message: expect.stringMatching(message),
    })
  }
  const newer = broken('newer', async (path) => {
    const file = join(path, 'manifest.json')
    await writeFile(file, (await readFile(file, 'utf8')).replace('"format": 1', '"format": 2'))
  })
  await expect(newer).rejects.toMatchObject({ code: 'backup.newer_version' })
  expect(await readdir(folder)).not.toContain('never')

  await expect(restoreTo('b-whole', 'whole')).rejects.toMatchObject({ code: 'backup.stores_exist' })
  {
    await using live = await openAt('whole')
    await live.push(1, '2')
    await expect(restoreTo('b-whole', 'whole', true)).rejects.toMatchObject({ code: 'state.locked' })
    expect(await live.shown()).toEqual(['1', '2'])
  }
  const { aside, scopes } = await restoreTo('b-whole', 'whole', true)
  expect(scopes).toBe(0)
  {
    await using live = await openAt('whole')
    expect(await live.shown()).toEqual(['1'])
  }
  const [oldState, oldPoints] = aside
  await mkdir(join(folder, 'old', 'state'), { recursive: true })
  await rename(oldState!, join(folder, 'old', 'state', 'pglite'))
  await rename(oldPoints!, join(folder, 'old', 'points.duckdb'))
  await using old = await openAt('old')
  expect(await old.shown()).toEqual(['1', '2'])
})

/** Moves something out of the backup, and leaves a symbolic link that leads to it. */
async function link(backup: string, path: string): Promise<void> {
  const outside = `${backup}-outside`
  await rename(join(backup, path), outside)
  await symlink(outside, join(backup, path))
}

/** As somebody would who wants the restore to write where it should not. */
async function edit(backup: string, change: (manifest: Manifest) => unknown): Promise<void> {
  const file = join(backup, 'manifest.json')
  const manifest = JSON.parse(await readFile(file, 'utf8')) as Manifest
  change(manifest)
  await writeFile(file, JSON.stringify(manifest))
}

async function flip(file: string): Promise<void> {
  const bytes = await readFile(file)
  bytes[0]! ^= 1
  await writeFile(file, bytes)
}

test('a swap that is killed after any of its moves is ended by whoever comes next', async () => {
  const names = ['state', 'points', 'points.wal', 'new-state', 'new-points']
  for (let done = 0; done <= 5; done++) {
    const at = join(folder, `swap-${done}`)
    await mkdir(at)
    for (const name of names) await appendFile(join(at, name), name)
    const moves: Move[] = [
      ['state', 'old-state'],
      ['points', 'old-points'],
      ['points.wal', 'old-points.wal'],
      ['new-state', 'state'],
      ['new-points', 'points'],
    ].map(([from, to]) => ({ from: join(at, from!), to: join(at, to!) }))
    if (done === 0) await swap(at, moves)
    else {
      await writeFile(join(at, 'restore.json'), JSON.stringify(moves))
      for (const { from, to } of moves.slice(0, done)) await rename(from, to)
      await finishSwap(at)
    }
    const found = await Promise.all(
      (await readdir(at)).toSorted().map(async (name) => [name, await readFile(join(at, name), 'utf8')]),
    )
    expect(Object.fromEntries(found)).toEqual({
      state: 'new-state',
      points: 'new-points',
      'old-state': 'state',
      'old-points': 'points',
      'old-points.wal': 'points.wal',
    })
    await finishSwap(at)
  }
})
