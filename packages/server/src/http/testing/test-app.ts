import { pino } from 'pino'
import type { Principal } from '../../domain/principal.ts'
import type { HeaderReader } from '../../domain/asker.ts'
import { type App, type AppOptions, createApp } from '../create-app.ts'
import { listen, type Listener } from '../listen.ts'
import type { Route } from '../route.ts'

/** Where clients believe the application to be. */
export const ORIGIN = 'http://rating.example.net:8889'

/** The principal that the headers claim, as under `auth_strategy = noauth`. */
export function claimed(header: HeaderReader): Principal {
  return {
    userId: header('x-user-id'),
    projectId: header('x-project-id') ?? header('x-tenant-id'),
    domainId: header('x-domain-id'),
    systemScope: header('openstack-system-scope'),
    roles: header('x-roles')?.split(',') ?? [],
    isAdmin: true,
    isAdminProject: true,
  }
}

/** An application over these routes that believes every caller and allows everything, unless told otherwise. */
export function testApp<Deps>(
  routes: readonly Route<Deps>[],
  deps: Deps,
  options: Partial<AppOptions<Deps>> = {},
): App & { call: typeof call } {
  const app = createApp({
    routes,
    deps,
    authenticate: claimed,
    authorize: () => {},
    log: pino({ level: 'silent' }),
    ...options,
  })
  const call = (method: string, path: string, { body, headers = {} }: CallOptions = {}) =>
    callApp(app, method, path, body, headers)
  return { ...app, call }
}

declare function call(method: string, path: string, options?: CallOptions): Promise<Called>

export interface CallOptions {
  /** Sent as JSON, unless it is text already. */
  readonly body?: unknown
  readonly headers?: Record<string, string>
}

export interface Called {
  readonly status: number
  readonly headers: Headers
  readonly text: string
  /** Undefined when the body is empty or no JSON. */
  readonly json: unknown
}

async function callApp(
  app: App,
  method: string,
  path: string,
  body: unknown,
  headers: Record<string, string>,
): Promise<Called> {
  const sent = body === undefined ? null : typeof body === 'string' ? body : JSON.stringify(body)
  const response = await app.fetch(
    new Request(`${ORIGIN}${path}`, {
      method,
      body: sent,
      headers: { 'content-type': 'application/json', ...headers },
    }),
  )
  return toCalled(response)
}

async function toCalled(response: Response): Promise<Called> {
  const text = await response.text()
  let json: unknown
  try {
    json = JSON.parse(text)
  } catch {
    json = undefined
  }
  return { status: response.status, headers: response.headers, text, json }
}

/** The application on a port of its own: for what a fetch `Request` cannot carry, such as a GET's body. */
export function listenForTest(app: App): Promise<Listener> {
  return listen(app, { host: '127.0.0.1', port: 0, drainMs: 100 })
}
