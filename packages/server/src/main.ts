import { setFlagsFromString } from 'node:v8'
import { Command, InvalidArgumentError, Option } from 'commander'
import { parseIsoInstant } from './domain/iso-time.ts'
import { type Instant, toInstant } from './domain/period.ts'
import { Fault } from './lib/fault.ts'
import { runAuditList } from './commands/audit.ts'
import { runBackup } from './commands/backup.ts'
import { runCheckConfig } from './commands/check-config.ts'
import { type CollectFlags, runCollect } from './commands/collect.ts'
import { runHold } from './commands/hold.ts'
import { runImport } from './commands/import.ts'
import type { Invocation } from './commands/invocation.ts'
import { runMigrate } from './commands/migrate.ts'
import { type PolicyFlags, runPolicyCheck, runPolicyList } from './commands/policy.ts'
import { runProcess } from './commands/process.ts'
import { runQuickstart } from './commands/quickstart.ts'
import { runReconcile } from './commands/reconcile.ts'
import { runRestore } from './commands/restore.ts'
import { runServe } from './commands/serve.ts'
import { ROLES, type Role } from './wiring/try-out.ts'
import { VERSION } from './wiring/version.ts'

interface ConfigFlags {
  readonly configFile?: string[]
  readonly configDir?: string[]
}

/** SIGINT and SIGTERM ask for an orderly end; a second one ends at once, which loses nothing either. */
function stopSignal(): AbortSignal {
  const stop = new AbortController()
  for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => stop.abort(new Error(`got ${name}`)))
  return stop.signal
}

function invocation({ configFile, configDir }: ConfigFlags): Invocation {
  return {
    files: configFile,
    dirs: configDir ?? (configFile ? [] : undefined),
    env: process.env,
    cwd: process.cwd(),
    signal: stopSignal(),
    terminal: process.stderr.isTTY,
    print: (text) => void process.stdout.write(text),
  }
}

function parseInstant(text: string): Instant {
  const instant = parseIsoInstant(text, 'plain')
  if (instant === undefined) {
    throw new InvalidArgumentError('expected a time that exists, as ISO 8601 writes it: 2026-06-01T00:00:00Z')
  }
  return instant
}

function parseCount(text: string): number {
  const count = Number(text)
  if (!Number.isSafeInteger(count) || count < 1) throw new InvalidArgumentError('expected a whole number from 1 on')
  return count
}

const collect = (value: string, before: string[] | undefined) => [...(before ?? []), value]
const withConfig = (command: Command) =>
  command
    .option('--config-file <file>', 'cloudkitty.conf to read; may be given several times, the later wins', collect)
    .option('--config-dir <folder>', 'folder of *.conf files to read after them', collect)

const program = new Command('cloudtabbyd')
  .description('Rates what the projects of a cloud use, and answers for it. Speaks the API of CloudKitty.')
  .version(VERSION)
  .showHelpAfterError()

withConfig(program.command('serve'))
  .description('rate what becomes due and answer the API')
  .addOption(new Option('--role <role>', 'what this process does').choices(ROLES).default('all'))
  .action((flags: ConfigFlags & { role: Role }) => run(runServe(invocation(flags), flags.role)))

withConfig(program.command('process'))
  .description('rate what has settled, then stop')
  .option('--until <time>', 'taken as the present (ISO 8601, UTC); the real one if absent', parseInstant)
  .action((flags: ConfigFlags & { until?: Instant }) =>
    run(runProcess(invocation(flags), flags.until ?? toInstant(new Date()))),
  )

withConfig(program.command('import'))
  .description('take a CSV file of usage samples, all of it or nothing')
  .argument('<file>', 'the file; docs/importing-samples.md describes it')
  .action((file: string, flags: ConfigFlags) => run(runImport(invocation(flags), file)))

withConfig(program.command('check-config'))
  .description('say what is wrong with the configuration, or what would run')
  .addOption(new Option('--role <role>', 'what the process is to do').choices(ROLES).default('all'))
  .action((flags: ConfigFlags & { role: Role }) => run(runCheckConfig(invocation(flags), flags.role)))

withConfig(program.command('collect'))
  .description('print what would be collected of a metric, and the exact questions to the source; nothing is rated')
  .requiredOption('--metric <name>', 'its type, or its name in metrics.yml')
  .requiredOption('--begin <time>', 'begin of the first period (ISO 8601, UTC)', parseInstant)
  .requiredOption('--end <time>', 'end of the last period', parseInstant)
  .option('--scope <id>', 'only this scope; may be given several times; all of the fetcher if absent', collect)
  .action((flags: ConfigFlags & CollectFlags) => run(runCollect(invocation(flags), flags)))

withConfig(program.command('migrate'))
  .description('bring the stores up to date')
  .action((flags: ConfigFlags) => run(runMigrate(invocation(flags))))

withConfig(program.command('backup'))
  .description('copy the embedded stores into a new folder, also while the service runs')
  .argument('<folder>', 'what is to be made; the running service writes it')
  .action((folder: string, flags: ConfigFlags) => run(runBackup(invocation(flags), folder)))

withConfig(program.command('restore'))
  .description('make the embedded stores of a backup; no service may run')
  .argument('<folder>', 'what `backup` has made')
  .option('--force', 'move stores that are there aside, where they are kept')
  .action((folder: string, flags: ConfigFlags & { force?: boolean }) =>
    run(runRestore(invocation(flags), folder, flags)),
  )

withConfig(program.command('hold'))
  .description('let nobody delete anything from the points store while servers are backed up')
  .option('--hours <count>', 'for so long at most', parseCount, 6)
  .option('--end', 'that is enough')
  .action((flags: ConfigFlags & { hours: number; end?: boolean }) => run(runHold(invocation(flags), flags)))

withConfig(program.command('reconcile'))
  .description('after the state server was restored: show what points there are of batches that it does not know')
  .option('--delete', 'delete them; they are rated again')
  .action((flags: ConfigFlags & { delete?: boolean }) => run(runReconcile(invocation(flags), flags)))

const policy = program.command('policy').description('who may do what')
withConfig(policy.command('list'))
  .description('every policy rule, where it comes from, and which kinds of callers it lets')
  .action((flags: ConfigFlags) => run(runPolicyList(invocation(flags))))
withConfig(policy.command('check'))
  .description('whether a caller may do something; the exit status is 0 if so, 1 if not')
  .argument('<rule>', 'such as summary:get_summary')
  .requiredOption('--roles <roles>', 'roles of the caller, with commas between')
  .option('--project <id>', 'project that the caller’s token is for')
  .option('--system', 'the caller’s token is for the system')
  .option('--target-project <id>', 'project that the operation is about; the caller’s own if absent')
  .action((rule: string, flags: ConfigFlags & PolicyFlags) => run(runPolicyCheck(invocation(flags), rule, flags)))

const audit = program.command('audit').description('who changed what')
withConfig(audit.command('list'))
  .description('the newest changes of rules, scopes, modules and tasks, oldest first')
  .option('--since <time>', 'only what was changed from then on (ISO 8601, UTC)', parseInstant)
  .option('--limit <count>', 'at most so many', parseCount, 100)
  .action((flags: ConfigFlags & { since?: Instant; limit: number }) => run(runAuditList(invocation(flags), flags)))

withConfig(program.command('quickstart'))
  .description('from nothing to a rated sample cloud: import, rate, print the bill, serve')
  .option('--no-serve', 'stop after the bill')
  .action((flags: ConfigFlags & { serve: boolean }) => run(runQuickstart(invocation(flags), flags.serve)))

/** The exit status of a command; a fault is told in words, anything else is a bug and comes with its stack. */
async function run(outcome: Promise<number>): Promise<void> {
  try {
    process.exitCode = await outcome
  } catch (error) {
    process.exitCode = 1
    if (error instanceof Fault) process.stderr.write(`cloudtabbyd: ${error.message}\n`)
    else throw error
  }
}

// Whatever is written is this user's alone: stores, their logs and temporary files, backups, the log file.
process.umask(0o077)
// Left to itself V8 lets garbage grow to several times what is alive. The stores in this process need that memory more: a
// pushed body of 200 MB then takes 150 MB less, and no longer.
setFlagsFromString('--heap-growing-percent=40')
await program.parseAsync()
