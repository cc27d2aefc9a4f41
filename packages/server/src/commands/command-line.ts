import { Command, InvalidArgumentError, Option } from 'commander'
import { parseIsoInstant } from '../domain/iso-time.ts'
import type { Instant } from '../domain/period.ts'
import { ROLES, type Role } from '../wiring/role.ts'
import { VERSION } from '../wiring/version.ts'
import type { CheckConfigFlags } from './check-config.ts'
import type { CollectFlags } from './collect.ts'
import type { Invocation } from './invocation.ts'
import type { PolicyFlags } from './policy.ts'

/** What every command takes. */
interface ConfigFlags {
  readonly configFile?: string[]
  readonly configDir?: string[]
}

/** Runs a command with what the process has for it; it answers with the exit status. */
export type Run = (flags: ConfigFlags, command: (invocation: Invocation) => Promise<number>) => Promise<void>

/** Every command with its arguments. A command's own code is loaded when it is called. */
export function commandLine(run: Run): Command {
  const program = new Command('cloudtabbyd')
    .description('Rates what the projects of a cloud use, and answers for it. Speaks the API of CloudKitty.')
    .version(VERSION)
    // One line; commander puts the nearest name on a second one.
    .configureOutput({
      outputError: (text, write) => {
        const [what = '', ...more] = text
          .replace(/^error: /, '')
          .trim()
          .split('\n')
        write(`cloudtabbyd: ${[what, ...more].join(' ')}; cloudtabbyd --help lists what there is\n`)
      },
    })

  withConfig(program.command('serve'))
    .description('rate what becomes due and answer the API')
    .addOption(new Option('--role <role>', 'what this process does').choices(ROLES).default('all'))
    .option(...TRUST_CLOCK)
    .action((flags: ConfigFlags & { role: Role; trustClock?: boolean }) =>
      run(flags, async (it) => (await import('./serve.ts')).runServe(it, flags.role, flags)),
    )

  withConfig(program.command('process'))
    .description('rate what has settled, then stop')
    .option(
      '--until <time>',
      'taken as the present (ISO 8601, UTC), never later than it; the real one if absent',
      parseInstant,
    )
    .option(...TRUST_CLOCK)
    .action((flags: ConfigFlags & { until?: Instant; trustClock?: boolean }) =>
      run(flags, async (it) => (await import('./process.ts')).runProcess(it, flags.until, flags)),
    )

  withConfig(program.command('import'))
    .description('take a CSV file of usage samples, all of it or nothing')
    .argument('<file>', 'the file; docs/importing-samples.md describes it')
    .action((file: string, flags: ConfigFlags) =>
      run(flags, async (it) => (await import('./import.ts')).runImport(it, file)),
    )

  withConfig(program.command('check-config'))
    .description('say what is wrong with the configuration, or what would run')
    .addOption(new Option('--role <role>', 'what the process is to do').choices(ROLES).default('all'))
    .option(
      '--connect',
      'ask each source, Keystone and both stores too, for 10 s at most; nothing is changed; status 1 if one does not answer',
    )
    .action((flags: ConfigFlags & CheckConfigFlags) =>
      run(flags, async (it) => (await import('./check-config.ts')).runCheckConfig(it, flags)),
    )

  withConfig(program.command('collect'))
    .description('print what would be collected of a metric, and the exact questions to the source; nothing is rated')
    .requiredOption('--metric <name>', 'its type, or its name in metrics.yml')
    .requiredOption('--begin <time>', 'begin of the first period (ISO 8601, UTC)', parseInstant)
    .requiredOption('--end <time>', 'end of the last period', parseInstant)
    .option('--scope <id>', 'only this scope; may be given several times; all of the fetcher if absent', collect)
    .action((flags: ConfigFlags & CollectFlags) =>
      run(flags, async (it) => (await import('./collect.ts')).runCollect(it, flags)),
    )

  withConfig(program.command('migrate'))
    .description('bring the stores up to date')
    .action((flags: ConfigFlags) => run(flags, async (it) => (await import('./migrate.ts')).runMigrate(it)))

  withConfig(program.command('backup'))
    .description('copy the embedded stores into a new folder, also while the service runs')
    .argument('<folder>', 'what is to be made; the running service writes it')
    .action((folder: string, flags: ConfigFlags) =>
      run(flags, async (it) => (await import('./backup.ts')).runBackup(it, folder)),
    )

  withConfig(program.command('restore'))
    .description('make the embedded stores of a backup; no service may run')
    .argument('<folder>', 'what `backup` has made')
    .option('--force', 'move stores that are there aside, where they are kept')
    .action((folder: string, flags: ConfigFlags & { force?: boolean }) =>
      run(flags, async (it) => (await import('./restore.ts')).runRestore(it, folder, flags)),
    )

  withConfig(program.command('hold'))
    .description('let nobody delete anything from the points store while servers are backed up')
    .option('--hours <count>', 'for so long at most', parseCount, 6)
    .option('--end', 'that is enough')
    .action((flags: ConfigFlags & { hours: number; end?: boolean }) =>
      run(flags, async (it) => (await import('./hold.ts')).runHold(it, flags)),
    )

  withConfig(program.command('reconcile'))
    .description(
      'when the stores do not fit: show what points there are that state does not know, and which ones are gone',
    )
    .option('--delete', 'delete what state does not know; it is rated again')
    .option(
      '--points-lost',
      'mark what is gone as not rated, so that it is collected again, and list what must be sent again',
    )
    .action((flags: ConfigFlags & { delete?: boolean; pointsLost?: boolean }) =>
      run(flags, async (it) => (await import('./reconcile.ts')).runReconcile(it, flags)),
    )

  const policy = program.command('policy').description('who may do what')
  withConfig(policy.command('list'))
    .description('every policy rule, where it comes from, and which kinds of callers it lets')
    .action((flags: ConfigFlags) => run(flags, async (it) => (await import('./policy.ts')).runPolicyList(it)))
  withConfig(policy.command('check'))
    .description('whether a caller may do something; the exit status is 0 if so, 1 if not')
    .argument('<rule>', 'such as summary:get_summary')
    .requiredOption('--roles <roles>', 'roles of the caller, with commas between')
    .option('--project <id>', 'project that the caller’s token is for')
    .option('--system', 'the caller’s token is for the system')
    .option(
      '--no-implied',
      'without the roles that Keystone adds: manager for admin, member for manager, reader for member',
    )
    .option('--target-project <id>', 'project that the operation is about; the caller’s own if absent')
    .action((rule: string, flags: ConfigFlags & PolicyFlags) =>
      run(flags, async (it) => (await import('./policy.ts')).runPolicyCheck(it, rule, flags)),
    )

  const audit = program.command('audit').description('who changed what')
  withConfig(audit.command('list'))
    .description('the newest changes of rules, scopes, modules and tasks, oldest first')
    .option('--since <time>', 'only what was changed from then on (ISO 8601, UTC)', parseInstant)
    .option('--limit <count>', 'at most so many', parseCount, 100)
    .action((flags: ConfigFlags & { since?: Instant; limit: number }) =>
      run(flags, async (it) => (await import('./audit.ts')).runAuditList(it, flags)),
    )

  withConfig(program.command('quickstart'))
    .description('from nothing to a rated sample cloud: import, rate, print the bill, serve')
    .option('--no-serve', 'stop after the bill')
    .action((flags: ConfigFlags & { serve: boolean }) =>
      run(flags, async (it) => (await import('./quickstart.ts')).runQuickstart(it, flags.serve)),
    )
  return program
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

const TRUST_CLOCK = [
  '--trust-clock',
  'the clock is right, though it has jumped ahead of what was believed before',
] as const
