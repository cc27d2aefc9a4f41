import type { Logger } from 'pino'
import { type Config, type ConfigInput, loadConfig } from '../config/load-config.ts'
import { createLogger } from '../wiring/create-logger.ts'
import { openService, type Service } from '../wiring/open-service.ts'
import { PLUGINS } from '../wiring/plugins.ts'
import type { Role } from '../wiring/role.ts'
import { tryOut } from '../wiring/try-out.ts'

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
  /** Says what a signal would end just now: what was done, and what will be done next time. The last one said counts. */
  readonly ifEnded?: (say: () => string) => void
  /** Calls it at each SIGHUP until it is disposed of; without, SIGHUP ends the process. */
  readonly onHangup?: (reload: () => void) => Disposable
}

/** With a role, what a start in it would refuse is a fault of the configuration too. */
export function configInput({ files, dirs, env, cwd }: Invocation, role?: Role): ConfigInput {
  return { files, dirs, env, cwd, plugins: PLUGINS, tryOut: role && ((parts) => tryOut(parts, role)) }
}

/** Reads the configuration and opens the service; warnings and notices are logged once. */
export async function open(invocation: Invocation, role?: Role): Promise<Service> {
  const { config, log } = await configure(invocation, role)
  return openService(config, log)
}

/** As `open`, without opening anything. */
export async function configure(invocation: Invocation, role?: Role): Promise<Configured> {
  const { config, warnings, notices } = await loadConfig(configInput(invocation, role))
  const { debug, log_file: file } = config.options.DEFAULT
  const { log, reopen } = createLogger({ debug, file, terminal: invocation.terminal })
  announce(log, warnings, notices)
  return { config, log, reopenLog: reopen }
}

export interface Configured {
  readonly config: Config
  readonly log: Logger
  /** Opens `[DEFAULT] log_file` anew, after it was moved away. */
  readonly reopenLog: () => void
}

function announce(log: Logger, warnings: readonly string[], notices: readonly string[]): void {
  for (const warning of warnings) log.warn(warning)
  if (notices.length > 0) log.info({ ignored: notices }, 'options that are ignored on purpose')
}
