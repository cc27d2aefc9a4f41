import { execFileSync } from 'node:child_process'
import { join, resolve } from 'node:path'
import { expect, test } from 'vitest'
import { powerCutDisk } from '../../packages/server/src/lib/testing/power-cut-disk.ts'
import { tries } from '../../packages/server/src/lib/testing/tries.ts'
import { Imports } from '../../packages/server/src/state/imports.ts'
import { openPGlite } from '../../packages/server/src/state/pglite/open-pglite.ts'
import { makeTestStateFolder } from '../../packages/server/src/state/testing/open-test-state.ts'
import { acknowledgedUntilKilled } from './acknowledged-until-killed.ts'

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
    newest = await acknowledgedUntilKilled(COMMIT, folder, { from: newest + 1, to: newest + 20 + cut * 37 })
    await disk.cut()
    await using state = await openPGlite(folder)
    const found = (await new Imports(state.db).list()).map(({ batch }) => batch)
    expect(found.slice(0, newest)).toEqual(Array.from({ length: newest }, (_, i) => i + 1))
    // The one that was not acknowledged yet may be there.
    expect(found.length - newest).toBeLessThanOrEqual(1)
    newest = found.length
  }
})
