import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { Semaphore } from '../../packages/server/src/lib/semaphore.ts'
import { isThorough } from '../../packages/server/src/lib/testing/tries.ts'

/** The command of Debian's python3-cloudkittyclient. */
const COMMAND = '/usr/bin/cloudkitty'
/** Debian's, by its whole path: another one in front of it would not find the command's parts. */
const PYTHON = '/usr/bin/python3'
const RUNNER = join(import.meta.dirname, 'run-cloudkitty.py')
/** Starts of the command at once: each keeps a core busy for a second or more. */
const AT_ONCE = 3
const TIMEOUT_MS = 180_000
const TURN_TIMEOUT_MS = 600_000

export const API_VERSIONS = [1, 2] as const
export type ApiVersion = (typeof API_VERSIONS)[number]

/** Why tests that need the command are skipped here; `undefined` when they run. `REQUIRE_SERVICES=1` makes them run. */
export function whyNoCloudkitty(): string | undefined {
  if (process.env['REQUIRE_SERVICES'] === '1' || existsSync(COMMAND)) return undefined
  return `no ${COMMAND} on this machine: apt-get install python3-cloudkittyclient, or REQUIRE_SERVICES=1`
}

export interface Outcome {
  readonly status: number
  readonly stdout: string
  readonly stderr: string
}

/** A line of a table, as `-f json` prints it: cells by the titles of their columns. */
export type Row = Readonly<Record<string, unknown>>

/** Runs the command, and remembers which of its subcommands were run. */
export class CloudkittyCommand implements AsyncDisposable {
  readonly version: ApiVersion
  readonly #way: Way
  readonly #used = new Set<string>()

  /** The environment says where the service is and who asks. The folder is the command's home: it finds no other settings. */
  constructor(version: ApiVersion, folder: string, env: Readonly<Record<string, string>>) {
    this.version = version
    const own = { PATH: '/usr/bin:/bin', HOME: folder, LANG: 'C.UTF-8', OS_RATING_API_VERSION: `${version}` }
    const options = { cwd: folder, env: { ...own, ...env } }
    this.#way = isThorough ? started(options) : forked(options)
  }

  /** The subcommands that were run so far, by their words. */
  get used(): ReadonlySet<string> {
    return this.#used
  }

  /** Every subcommand there is, as the command's own help lists them. */
  async subcommands(): Promise<string[]> {
    const { stdout } = await this.#way.run(['--help'])
    const list = stdout.split(/^Commands:$/m)[1] ?? ''
    return [...list.matchAll(/^ {2}(\S+(?: \S+)*) {2,}\S/gm)].map((match) => match[1]!)
  }

  /** What it prints, and its exit status. */
  run(subcommand: string, ...args: readonly string[]): Promise<Outcome> {
    this.#used.add(subcommand)
    return this.#way.run([...subcommand.split(' '), ...args])
  }

  /** What it prints when it succeeds. */
  async text(subcommand: string, ...args: readonly string[]): Promise<string> {
    const { status, stdout, stderr } = await this.run(subcommand, ...args)
    if (status !== 0) throw new Error(`cloudkitty ${subcommand} ${args.join(' ')}: status ${status}: ${stderr}`)
    return stdout
  }

  /** The lines of the table that it prints. */
  async rows(subcommand: string, ...args: readonly string[]): Promise<Row[]> {
    return JSON.parse(await this.text(subcommand, ...args, '-f', 'json')) as Row[]
  }

  /** The one line of the table that it prints. */
  async row(subcommand: string, ...args: readonly string[]): Promise<Row> {
    const rows = await this.rows(subcommand, ...args)
    if (rows.length !== 1) throw new Error(`cloudkitty ${subcommand} printed ${rows.length} lines instead of one`)
    return rows[0]!
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#way[Symbol.asyncDispose]()
  }
}

interface Way extends AsyncDisposable {
  run(args: readonly string[]): Promise<Outcome>
}

interface Surroundings {
  readonly cwd: string
  readonly env: Readonly<Record<string, string>>
}

const slots = new Semaphore(AT_ONCE)

/** As a user does it, a few at a time. */
function started(options: Surroundings): Way {
  return {
    async run(args) {
      const release = await slots.acquire(AbortSignal.timeout(TURN_TIMEOUT_MS))
      try {
        return await new Promise((resolve, reject) => {
          execFile(COMMAND, args, { ...options, timeout: TIMEOUT_MS }, (error, stdout, stderr) => {
            const status = error ? error.code : 0
            if (typeof status === 'number') resolve({ status, stdout, stderr })
            else reject(new Error(`cloudkitty ${args.join(' ')} did not end by itself`, { cause: error }))
          })
        })
      } finally {
        release()
      }
    },
    async [Symbol.asyncDispose]() {},
  }
}

/** The same by forks of one Python, one at a time, without the second of work that each start takes. */
function forked(options: Surroundings): Way {
  const runner = spawn(PYTHON, [RUNNER], { ...options, stdio: ['pipe', 'pipe', 'inherit'] })
  const answers = createInterface({ input: runner.stdout })[Symbol.asyncIterator]()
  const turn = new Semaphore(1)
  return {
    async run(args) {
      const release = await turn.acquire(AbortSignal.timeout(TURN_TIMEOUT_MS))
      try {
        runner.stdin.write(`${JSON.stringify(args)}\n`)
        const answer = await answers.next()
        if (answer.done) throw new Error(`${RUNNER} ended`)
        const [status, stdout, stderr] = JSON.parse(answer.value) as [number, string, string]
        if (status < 0) throw new Error(`cloudkitty ${args.join(' ')} did not end by itself: ${stderr}`)
        return { status, stdout, stderr }
      } finally {
        release()
      }
    },
    async [Symbol.asyncDispose]() {
      runner.stdin.end()
      if (runner.exitCode === null && runner.signalCode === null) await once(runner, 'exit')
    },
  }
}
