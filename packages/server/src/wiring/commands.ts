import { resolve } from 'node:path'
import type { Logger } from 'pino'
import { checkConfig, type Config, type ConfigInput, loadConfig } from '../config/load-config.ts'
import { renderOutcome } from '../config/render-outcome.ts'
import { formatInstant, type Instant } from '../domain/period.ts'
import { importFile } from '../processor/import-file.ts'
import { COLLECTORS } from './collectors.ts'
import { createLogger } from './create-logger.ts'
import { FETCHERS } from './fetchers.ts'
import { openProcessor, openStores, type Stores } from './open-service.ts'
import { ProgressDisplay } from './progress-display.ts'
import { processUntil } from './run-processor.ts'

/** What every command gets from the command line and the process. */
export interface Invocation {
  readonly files: readonly string[] | undefined
  readonly dirs: readonly string[] | undefined
  readonly env: Readonly<Record<string, string | undefined>>
  readonly cwd: string
  readonly signal: AbortSignal
  /** The standard error output is a terminal: long work may draw a bar there. */
  readonly terminal: boolean
  readonly print: (text: string) => void
}

export function configInput({ files, dirs, env, cwd }: Invocation): ConfigInput {
  return { files, dirs, env, cwd, collectors: COLLECTORS, fetchers: FETCHERS }
}

/** Reads the configuration and opens the stores; warnings and notices are logged once. */
export async function open(invocation: Invocation): Promise<Stores> {
  const { config, log } = await configure(invocation)
  return openStores(config, log)
}

/** As `open`, without the stores. */
export async function configure(invocation: Invocation): Promise<{ readonly config: Config; readonly log: Logger }> {
  const { config, warnings, notices } = await loadConfig(configInput(invocation))
  const log = createLogger({ debug: config.options.DEFAULT.debug, file: config.options.DEFAULT.log_file })
  announce(log, warnings, notices)
  return { config, log }
}

function announce(log: Logger, warnings: readonly string[], notices: readonly string[]): void {
  for (const warning of warnings) log.warn(warning)
  if (notices.length > 0) log.info({ ignored: notices }, 'options that are ignored on purpose')
}

/** Prints what is wrong with the configuration, or what would run; the exit status. */
export async function runCheckConfig(invocation: Invocation): Promise<number> {
  const outcome = await checkConfig(configInput(invocation))
  invocation.print(renderOutcome(outcome))
  return outcome.faults.length === 0 ? 0 : 1
}

/** Makes or upgrades the schemas of both stores, which opening them does. */
export async function runMigrate(invocation: Invocation): Promise<number> {
  await using stores = await open(invocation)
  invocation.print(`The stores are up to date: ${stores.config.options.state.url.replace(/\/\/[^@/]*@/, '//')}.\n`)
  return 0
}

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

export function toMegabytes(bytes: number): number {
  return Math.round(bytes / 100_000) / 10
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

/** Rates what has settled by `until`, then stops. The exit status is 1 when a scope is not rated to the end. */
export async function runProcess(invocation: Invocation, until: Instant): Promise<number> {
  await using stores = await open(invocation)
  await using unit = await openProcessor(stores)
  const { print, signal, terminal } = invocation
  const { done, points, failed, held } = await processUntil(stores, unit, { until, signal, terminal })
  print(`Rated ${done} scope periods, ${points} points, up to ${formatInstant(until)}.\n`)
  for (const { scopeId, error } of failed.slice(0, FAILURES_SHOWN))
    print(`Not rated to the end: ${scopeId}: ${error}\n`)
  if (failed.length > FAILURES_SHOWN) print(`... and ${failed.length - FAILURES_SHOWN} more scopes.\n`)
  if (held > 0) print(`${held} scopes are being rated by another processor; what is due of them is not rated here.\n`)
  return failed.length === 0 && held === 0 ? 0 : 1
}

const FAILURES_SHOWN = 20
