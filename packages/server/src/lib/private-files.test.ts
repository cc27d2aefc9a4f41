import { chmod, mkdir, mkdtemp, rm, stat, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { makePrivate, makePrivateFolder } from './private-files.ts'

const modeOf = async (path: string) => ((await stat(path)).mode & 0o777).toString(8)

test('what others could read or write becomes one’s own, however deep, and nothing beyond a symbolic link', async () => {
  const base = await mkdtemp(join(tmpdir(), 'private-'))
  try {
    const [root, outside] = [join(base, 'root'), join(base, 'outside')]
    await mkdir(join(root, 'a/b'), { recursive: true })
    for (const path of [join(root, 'a/b/file'), outside]) {
      await writeFile(path, '')
      await chmod(path, 0o666)
    }
    for (const path of [root, join(root, 'a'), join(root, 'a/b')]) await chmod(path, 0o777)
    await symlink(outside, join(root, 'a/link'))
    expect(await makePrivate(root)).toEqual([])
    expect(await Promise.all([root, join(root, 'a'), join(root, 'a/b'), join(root, 'a/b/file')].map(modeOf))).toEqual([
      '700',
      '700',
      '700',
      '600',
    ])
    expect(await modeOf(outside)).toBe('666')
    expect(await makePrivate(join(base, 'nothing'))).toEqual([])
    await makePrivateFolder(join(base, 'new/inner'))
    expect(await Promise.all([join(base, 'new'), join(base, 'new/inner')].map(modeOf))).toEqual(['700', '700'])
  } finally {
    await rm(base, { recursive: true })
  }
})

test('what cannot be changed is told', async () => {
  // Nobody may change the modes of the kernel's own files.
  expect(await makePrivate('/proc/sys/kernel/ostype')).toEqual([
    { path: '/proc/sys/kernel/ostype', reason: expect.stringMatching(/EPERM|EACCES/) as string },
  ])
})
