import { setFlagsFromString } from 'node:v8'
import { commandLine, type Run } from './commands/command-line.ts'
import type { Invocation } from './commands/invocation.ts'
import { Fault } from './lib/fault.ts'

/** What a shell says of a command that a signal has ended. */
const STATUSES = { SIGINT: 130, SIGTERM: 143 } as const
/** A command that is asked to end gets so long to end in good order; what it leaves after that, SIGKILL would leave too. */
const END_MS_MAX = 1200

/**
 * Runs a command. A fault is told in words, anything else is a bug and comes with its stack. The first SIGINT or SIGTERM asks
 * for an orderly end, of which one line tells; a second one ends at once, which loses nothing either.
 */
const run: Run = async ({ configFile, configDir }, command) => {
  const stop = new AbortController()
  let account = () => 'nothing was changed; start it again'
  let got: keyof typeof STATUSES | undefined
  const tell = (signal: keyof typeof STATUSES) => {
    process.exitCode = STATUSES[signal]
    // A bar may have hidden the cursor.
    process.stderr.write(
      `${process.stderr.isTTY ? '\u001b[?25h\n' : ''}cloudtabbyd: ended by ${signal}: ${account()}.\n`,
    )
  }
  for (const signal of Object.keys(STATUSES) as (keyof typeof STATUSES)[]) {
    process.once(signal, () => {
      got ??= signal
      stop.abort(new Error(`got ${signal}`))
      setTimeout(() => {
        tell(signal)
        process.exit()
      }, END_MS_MAX).unref()
    })
  }
  const invocation: Invocation = {
    files: configFile,
    dirs: configDir ?? (configFile ? [] : undefined),
    env: process.env,
    cwd: process.cwd(),
    signal: stop.signal,
    terminal: process.stderr.isTTY,
    print: (text) => void process.stdout.write(text),
    ifEnded: (say) => void (account = say),
    onHangup(reload) {
      process.on('SIGHUP', reload)
      return { [Symbol.dispose]: () => void process.off('SIGHUP', reload) }
    },
  }
  try {
    process.exitCode = await command(invocation)
  } catch (error) {
    process.exitCode = 1
    // What fails once it is asked to end has failed for that.
    if (got === undefined && !(error instanceof Fault)) throw error
    if (got === undefined) process.stderr.write(`cloudtabbyd: ${(error as Fault).message}\n`)
  }
  if (got !== undefined) {
    tell(got)
    process.exit()
  }
}

// Left to itself V8 lets garbage grow to several times what is alive. The stores in this process need that memory more: a
// pushed body of 200 MB then takes 150 MB less, and no longer.
setFlagsFromString('--heap-growing-percent=40')
await commandLine(run).parseAsync()
