import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { cp, mkdir, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { freePort } from '../../lib/testing/free-port.ts'

const SCRIPT = fileURLToPath(new URL('../../../../../scripts/services/keystone.sh', import.meta.url))
/** How long a hook that asks for a Keystone may take: it may have to be installed first. */
export const KEYSTONE_START_MS = 300_000

/** What `scripts/services/keystone.sh` puts into a new Keystone: ids by name. A user's password is `secret-` and its name. */
export interface Cloud {
  readonly roles: Readonly<Record<'admin' | 'member' | 'reader' | 'auditor' | 'rating' | 'service', string>>
  readonly projects: Readonly<Record<'admin' | 'A' | 'B' | 'service' | 'closed', string>>
  readonly users: Readonly<Record<CloudUser, string>>
  /** Of the service user. */
  readonly applicationCredential: { readonly id: string; readonly name: string; readonly secret: string }
}

export type CloudUser = 'admin' | 'member' | 'reader' | 'auditor' | 'outsider' | 'observer' | 'cloudkitty'

export type TokenScope = { project: keyof Cloud['projects'] } | 'system' | 'domain' | 'none'

/** Why tests with a real Keystone are skipped here; `undefined` when they run. `REQUIRE_SERVICES=1` makes them run. */
export function whyNoKeystone(): string | undefined {
  if (process.env['REQUIRE_SERVICES'] === '1') return undefined
  if (existsSync('/usr/bin/keystone-manage') && existsSync('/usr/bin/keystone-wsgi-public')) return undefined
  return 'no Keystone on this machine: scripts/services/keystone.sh install, or REQUIRE_SERVICES=1'
}

/**
 * The Keystone of this test run: started by whichever test file asks first, used by all, ended with the run. It takes some
 * 20 s to make one. Tests leave it as it is but for tokens, and things with names of their own.
 */
export async function sharedKeystone(): Promise<RunningKeystone> {
  const { folder, port } = await sharedFolder()
  return new RunningKeystone(folder, port, await readCloud(folder))
}

/** A Keystone of the test's own, with the same cloud: to be stopped, started again, or given short-lived tokens. */
export async function ownKeystone({ tokenSeconds }: { tokenSeconds?: number } = {}): Promise<
  RunningKeystone & AsyncDisposable
> {
  const shared = await sharedFolder()
  const folder = await mkdtemp(join(tmpdir(), 'cloudtabby-keystone-own-'))
  await cp(join(shared.folder, 'template'), folder, { recursive: true })
  const port = await freePort()
  const args = tokenSeconds === undefined ? [] : ['--token-seconds', String(tokenSeconds)]
  const own = new RunningKeystone(folder, port, await readCloud(folder), args)
  await own.start()
  return Object.assign(own, {
    [Symbol.asyncDispose]: async () => {
      await own.stop()
      await rm(folder, { recursive: true, force: true })
    },
  })
}

/** A Keystone to talk to, and what a client of it needs. */
export class RunningKeystone {
  /** With `/v3` at its end. */
  readonly url: string
  readonly cloud: Cloud
  readonly #folder: string
  readonly #port: number
  readonly #args: readonly string[]

  constructor(folder: string, port: number, cloud: Cloud, args: readonly string[] = []) {
    this.url = `http://127.0.0.1:${port}/v3`
    this.cloud = cloud
    this.#folder = folder
    this.#port = port
    this.#args = args
  }

  async start(): Promise<void> {
    await keystoneSh('start', this.#folder, '--port', `${this.#port}`, '--while-pid', `${process.pid}`, ...this.#args)
  }

  async stop(): Promise<void> {
    await keystoneSh('stop', this.#folder)
  }

  /** A new token of a user for a project (by name), the system, the domain, or nothing. */
  async token(user: CloudUser, scope: TokenScope): Promise<string> {
    const password = { user: { id: this.cloud.users[user], password: `secret-${user}` } }
    const body = { auth: { identity: { methods: ['password'], password }, scope: this.#toScope(scope) } }
    const reply = await this.#fetch('POST', '/auth/tokens', body)
    return reply.headers.get('x-subject-token') ?? fail('a token without text')
  }

  /** A request of the administrator; its answer's JSON. */
  async asAdmin(method: string, path: string, body?: unknown, headers: Record<string, string> = {}): Promise<unknown> {
    const token = await this.token('admin', { project: 'admin' })
    const text = await (await this.#fetch(method, path, body, { ...headers, 'x-auth-token': token })).text()
    return text === '' ? undefined : JSON.parse(text)
  }

  async revoke(token: string): Promise<void> {
    await this.asAdmin('DELETE', '/auth/tokens', undefined, { 'x-subject-token': token })
  }

  #toScope(scope: TokenScope): unknown {
    if (scope === 'system') return { system: { all: true } }
    if (scope === 'domain') return { domain: { id: 'default' } }
    if (scope === 'none') return 'unscoped'
    return { project: { id: this.cloud.projects[scope.project] } }
  }

  async #fetch(method: string, path: string, body: unknown, headers: Record<string, string> = {}): Promise<Response> {
    const reply = await fetch(this.url + path, {
      method,
      headers: { 'content-type': 'application/json', ...headers },
      ...(body !== undefined && { body: JSON.stringify(body) }),
      signal: AbortSignal.timeout(30_000),
    })
    return reply.ok ? reply : fail(`${method} ${path}: ${reply.status} ${await reply.text()}`)
  }
}

/** Vitest's workers are children of one process, which lives as long as the run: its pid is the run's name. */
async function sharedFolder(): Promise<{ folder: string; port: number }> {
  const folder = join(tmpdir(), `cloudtabby-keystone-${process.ppid}`)
  const mine = await mkdir(folder, { mode: 0o700 }).then(
    () => true,
    () => false,
  )
  if (mine) await startShared(folder)
  for (const deadline = Date.now() + KEYSTONE_START_MS; Date.now() < deadline; await sleep(100)) {
    if (existsSync(join(folder, 'failed'))) throw new Error(await readFile(join(folder, 'failed'), 'utf8'))
    if (existsSync(join(folder, 'port'))) return { folder, port: Number(await readFile(join(folder, 'port'), 'utf8')) }
  }
  throw new Error(`no Keystone in ${folder} after ${KEYSTONE_START_MS / 1000} s`)
}

async function startShared(folder: string): Promise<void> {
  const publish = async (name: string, text: string) => {
    await writeFile(join(folder, 'new'), text)
    await rename(join(folder, 'new'), join(folder, name))
  }
  try {
    const port = await freePort()
    await keystoneSh('start', folder, '--port', `${port}`, '--while-pid', `${process.ppid}`)
    // Before anybody uses it, so that nothing is half written.
    await mkdir(join(folder, 'template'))
    for (const name of ['keystone.sqlite', 'keystone.sqlite-wal', 'fernet', 'credential', 'cloud.json']) {
      // What was written last may stand in the log of the database only.
      if (existsSync(join(folder, name)))
        await cp(join(folder, name), join(folder, 'template', name), { recursive: true })
    }
    await publish('port', String(port))
  } catch (error) {
    await publish('failed', String(error))
  }
}

async function keystoneSh(command: string, folder: string, ...args: string[]): Promise<void> {
  await promisify(execFile)(SCRIPT, [command, '--dir', folder, ...args], { timeout: KEYSTONE_START_MS })
}

async function readCloud(folder: string): Promise<Cloud> {
  return JSON.parse(await readFile(join(folder, 'cloud.json'), 'utf8')) as Cloud
}

function fail(reason: string): never {
  throw new Error(reason)
}
