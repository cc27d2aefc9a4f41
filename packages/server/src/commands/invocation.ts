import type { Logger } from 'pino'
import { type Config, type ConfigInput, loadConfig } from '../config/load-config.ts'
import { createLogger } from '../wiring/create-logger.ts'
import { openStores, type Stores } from '../wiring/open-service.ts'
import { PLUGINS } from '../wiring/plugins.ts'
import { type Role, tryOut } from '../wiring/try-out.ts'

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

/** With a role, what a start in it would refuse is a fault of the configuration too. */
export function configInput({ files, dirs, env, cwd }: Invocation, role?: Role): ConfigInput {
  return { files, dirs, env, cwd, plugins: PLUGINS, tryOut: role && ((parts) => tryOut(parts, role)) }
}

/** Reads the configuration and opens the stores; warnings and notices are logged once. */
export async function open(invocation: Invocation, role?: Role): Promise<Stores> {
  const { config, log } = await configure(invocation, role)
  return openStores(config, log)
}

/** As `open`, without the stores. */
export async function configure(
  invocation: Invocation,
  role?: Role,
): Promise<{ readonly config: Config; readonly log: Logger }> {
  const { config, warnings, notices } = await loadConfig(configInput(invocation, role))
  const log = createLogger({ debug: config.options.DEFAULT.debug, file: config.options.DEFAULT.log_file })
  announce(log, warnings, notices)
  return { config, log }
}

function announce(log: Logger, warnings: readonly string[], notices: readonly string[]): void {
  for (const warning of warnings) log.warn(warning)
  if (notices.length > 0) log.info({ ignored: notices }, 'options that are ignored on purpose')
}
