import { expect, test } from 'vitest'
import { engine, EngineError } from './engine-error.ts'

/** Words of DuckDB 1.5, each seen. */
test.each([
  [
    'TransactionContext Error: Failed to commit: failed to pin block of size 256.0 KiB (35.7 MiB/36.0 MiB used)',
    'memory',
  ],
  ['Out of Memory Error: could not allocate block of size 256.0 KiB (512.0 MiB/512.0 MiB used)', 'memory'],
  ['Out of Memory Error: failed to offload data block of size 256.0 KiB (2.0 GiB/2.0 GiB used)', 'memory'],
  ['Failed to append data chunk', 'memory'],
  ['INTERRUPT Error: Interrupted!', 'interrupted'],
  ['FATAL Error: Failed: database has been invalidated because of a previous fatal error.', 'invalid'],
  ['IO Error: Could not write all bytes to file "/data/points.duckdb.wal": No space left on device', 'other'],
  ['TransactionContext Error: Current transaction is aborted (please ROLLBACK)', 'other'],
])('%s', async (words, kind) => {
  const thrown = await engine(() => Promise.reject(new Error(`${words}\nmore`))).catch((error: unknown) => error)
  expect(thrown).toBeInstanceOf(EngineError)
  expect(thrown).toMatchObject({ kind, message: words, lacksMemory: kind === 'memory' })
})

test('an instance that became invalid for want of memory says both', async () => {
  const words = 'FATAL Error: Failed to create checkpoint because of error: failed to pin block of size 256.0 KiB'
  await expect(engine(() => Promise.reject(new Error(words)))).rejects.toMatchObject({
    kind: 'invalid',
    lacksMemory: true,
  })
})
