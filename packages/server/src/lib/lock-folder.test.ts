import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { expect, test } from 'vitest'
import { lockFolder } from './lock-folder.ts'
import { APART, canBeApart } from './testing/pid-namespace.ts'
import { tries } from './testing/tries.ts'

const BUILT = resolve(import.meta.dirname, '../../dist/lib/lock-folder.js')
/** Says whether it got the lock; a process that has it keeps it until it is killed. */
const TAKE = `
  import { lockFolder } from ${JSON.stringify(BUILT)}
  const said = await lockFolder(process.argv[1]).then(() => 'held', (error) => error.code + ' ' + (error.detail.pid ?? 'unseen'))
  process.stdout.write(said)
  if (said === 'held') setInterval(() => {}, 60_000)`

interface Taker {
  readonly process: ChildProcess
  /** `held`, or the fault with the holder's number. */
  readonly said: Promise<string>
}

function take(folder: string, within: readonly string[] = []): Taker {
  const [command, ...args] = [...within, process.execPath, '--input-type=module', '--eval', TAKE, folder]
  const child = spawn(command!, args, { stdio: ['ignore', 'pipe', 'inherit'] })
  return { process: child, said: once(child.stdout, 'data').then(String) }
}

async function kill({ process: child }: Taker): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  child.kill('SIGKILL')
  await once(child, 'exit')
}

async function withFolder(use: (folder: string) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'cloudtabby-lock-'))
  try {
    await use(folder)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

test('a folder is held by one, by whatever name, and free again when it is given back', () =>
  withFolder(async (folder) => {
    const unlock = await lockFolder(folder)
    await symlink(folder, `${folder}-too`)
    for (const name of [folder, `${folder}-too`]) {
      await expect(lockFolder(name)).rejects.toMatchObject({ code: 'state.locked', detail: { pid: process.pid } })
    }
    await rm(`${folder}-too`)
    await unlock()
    await (
      await lockFolder(folder)
    )()
  }))

test('of several that find the lock of a killed process one gets it, again and again', () =>
  withFolder(async (folder) => {
    for (let round = 0; round < tries(3, 30); round++) {
      const takers = Array.from({ length: 3 }, () => take(folder))
      const said = await Promise.all(takers.map((taker) => taker.said))
      const holder = takers[said.indexOf('held')]
      expect(said.toSorted()).toEqual([
        'held',
        `state.locked ${holder?.process.pid}`,
        `state.locked ${holder?.process.pid}`,
      ])
      await expect(lockFolder(folder)).rejects.toMatchObject({ detail: { pid: holder?.process.pid } })
      await Promise.all(takers.map(kill))
    }
    await (
      await lockFolder(folder)
    )()
  }))

test('a holder is respected, and a dead one is not, where processes have other numbers, as in a container', ({
  skip,
}) =>
  withFolder(async (folder) => {
    if (!canBeApart()) skip('a pid namespace takes root and util-linux')
    const unlock = await lockFolder(folder)
    expect(await take(folder, APART).said).toBe('state.locked unseen')
    await unlock()
    const other = take(folder, APART)
    expect(await other.said).toBe('held')
    await expect(lockFolder(folder)).rejects.toMatchObject({ code: 'state.locked' })
    await kill(other)
    // The kill goes by way of `unshare`.
    await expect.poll(() => lockFolder(folder).then((free) => free())).toBeUndefined()
  }))

test('a folder that cannot be locked is named, with what to do', () =>
  withFolder(async (folder) => {
    await expect(lockFolder('/proc')).rejects.toMatchObject({ code: 'state.unwritable', detail: { folder: '/proc' } })
    await writeFile(join(folder, 'cloudtabby.lock'), 'something else, and long enough to be read'.repeat(1000))
    await expect(lockFolder(folder)).rejects.toMatchObject({
      code: 'state.unwritable',
      message: expect.stringMatching(/then delete .*cloudtabby\.lock/) as string,
    })
  }))
