import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { lockFolder } from './lock-folder.ts'

async function withFolder(use: (folder: string) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'cloudtabby-lock-'))
  try {
    await use(folder)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

test('a folder is held by one, and free again when it is given back', () =>
  withFolder(async (folder) => {
    const unlock = await lockFolder(folder)
    await expect(lockFolder(folder)).rejects.toMatchObject({ code: 'state.locked', detail: { pid: process.pid } })
    await unlock()
    await (
      await lockFolder(folder)
    )()
  }))

test('the lock of a killed process is taken over', () =>
  withFolder(async (folder) => {
    const holder = spawn('sleep', ['60'])
    const stat = await readFile(`/proc/${holder.pid}/stat`, 'utf8')
    const started = stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19]
    await writeFile(join(folder, 'cloudtabby.pid'), `${holder.pid} ${started}`)
    await expect(lockFolder(folder)).rejects.toMatchObject({ code: 'state.locked', detail: { pid: holder.pid } })
    holder.kill('SIGKILL')
    await once(holder, 'exit')
    await (
      await lockFolder(folder)
    )()
  }))

test('a folder that cannot be written is named', async () => {
  await expect(lockFolder('/proc')).rejects.toMatchObject({ code: 'state.unwritable', detail: { folder: '/proc' } })
})
