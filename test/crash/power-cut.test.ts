import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join, resolve } from 'node:path'
import { createInterface } from 'node:readline'
import { expect, test } from 'vitest'
import { powerCutDisk } from '../../packages/server/src/lib/testing/power-cut-disk.ts'
import { tries } from '../../packages/server/src/lib/testing/tries.ts'
import { Imports } from '../../packages/server/src/state/imports.ts'
import { openPGlite } from '../../packages/server/src/state/pglite/open-pglite.ts'
import { makeTestStateFolder } from '../../packages/server/src/state/testing/open-test-state.ts'

const BUILT = resolve(import.meta.dirname, '../../packages/server/dist/state')
/** Commits one row after another, and says each when it is committed. */
const COMMIT = `
  import { openPGlite } from ${JSON.stringify(join(BUILT, 'pglite/open-pglite.js'))}
  import { imports } from ${JSON.stringify(join(BUILT, 'schema.js'))}
  const { db } = await openPGlite(process.argv[1])
  for (let batch = Number(process.argv[2]); ; batch++) {
    await db.insert(imports).values({ digest: String(batch), name: 'file', batch, rows: batch })
    process.stdout.write(batch + '\\n')
  }`

test('what state has acknowledged is there after the power was cut, again and again', async ({ skip }) => {
  await using disk = (await powerCutDisk(512)) ?? skip('a disk whose power can be cut takes root')
  const folder = join(disk.folder, 'state')
  await makeTestStateFolder(folder)
  // The program makes its own whole and on disk; this is a copy of one.
  execFileSync('sync', ['--file-system', folder])
  let newest = 0
  for (let cut = 0; cut < tries(2, 5); cut++) {
    newest = await commitUntil(folder, newest + 1, newest + 20 + cut * 37)
    await disk.cut()
    await using state = await openPGlite(folder)
    const found = (await new Imports(state.db).list()).map(({ batch }) => batch)
    expect(found.slice(0, newest)).toEqual(Array.from({ length: newest }, (_, i) => i + 1))
    // The one that was not acknowledged yet may be there.
    expect(found.length - newest).toBeLessThanOrEqual(1)
    newest = found.length
  }
})

/** Kills it once it has acknowledged so much; the newest that it has. */
async function commitUntil(folder: string, from: number, to: number): Promise<number> {
  const child = spawn(process.execPath, ['--input-type=module', '--eval', COMMIT, folder, String(from)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let newest = 0
  for await (const line of createInterface({ input: child.stdout })) {
    newest = Number(line)
    if (newest >= to) child.kill('SIGKILL')
  }
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit')
  expect(newest).toBeGreaterThanOrEqual(to)
  return newest
}
