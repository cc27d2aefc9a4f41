import { resolve } from 'node:path'
import { formatInstant, type Instant } from '../domain/period.ts'
import { importFile } from '../intake/import-csv.ts'
import type { Stores } from '../wiring/open-service.ts'
import { ProgressDisplay } from '../wiring/progress-display.ts'
import { type Invocation, open } from './invocation.ts'
import { toMegabytes } from './megabytes.ts'

export async function runImport(invocation: Invocation, file: string): Promise<number> {
  await using stores = await open(invocation)
  const { print, signal } = invocation
  const { again, rows, firstAt, lastAt } = await importWithProgress(stores, invocation, resolve(invocation.cwd, file))
  if (again) {
    print(`${file} was imported before (${rows} samples): nothing to do.\n`)
    return 0
  }
  const span = firstAt === undefined ? '' : `, from ${formatInstant(firstAt)} to ${formatInstant(lastAt ?? firstAt)}`
  print(`Imported ${rows} samples of ${file}${span}.\n`)
  if (firstAt !== undefined) await warnOfRated(stores, firstAt, print)
  signal.throwIfAborted()
  return 0
}

export async function importWithProgress(
  stores: Stores,
  { signal, terminal, env }: Pick<Invocation, 'signal' | 'terminal' | 'env'>,
  path: string,
): ReturnType<typeof importFile> {
  const { config, log, names } = stores
  using check = new ProgressDisplay('checking', 'MB', { log, terminal })
  using write = new ProgressDisplay('importing', 'MB', { log, terminal })
  return await importFile(stores, {
    path,
    scopeKey: names.scopeKey,
    leaseSeconds: config.options.processor.lease_seconds,
    who: env['USER'] ?? 'unknown',
    signal,
    onProgress: ({ phase, bytes, totalBytes, rows }) =>
      (phase === 'check' ? check : write).update(toMegabytes(bytes), toMegabytes(totalBytes), { rows }),
  })
}

/** Samples of periods that are rated already change no bill by themselves. */
async function warnOfRated({ scopes, names }: Stores, firstAt: Instant, print: (text: string) => void): Promise<void> {
  const rows = await scopes.list({ scopeKeys: [names.scopeKey] })
  const beyond = rows.filter((row) => row.nextBegin > firstAt)
  if (beyond.length === 0) return
  print(
    `${beyond.length} scopes are rated beyond ${formatInstant(firstAt)} already; to rate them again from there, reset them: ` +
      `PUT /v2/scope {"scope_id": [...], "last_processed_timestamp": "${formatInstant(firstAt)}"}.\n`,
  )
}
