import { expect } from 'vitest'
import type { StateDatabase } from '../../state/database.ts'
import type { AppOptions } from '../../http/create-app.ts'
import type { Route } from '../../http/route.ts'
import { type Called, testApp } from '../../http/testing/test-app.ts'
import { openTestState } from '../../state/testing/open-test-state.ts'
import type { RuleDeps } from '../module-config.ts'

export const NO_SUCH_ID = '8c1f0a52-0000-4000-8000-000000000000'

/** The routes over fresh state, at a time that the test sets. */
export interface RulesApi extends AsyncDisposable {
  readonly db: StateDatabase
  now: Date
  rowsMax: number
  /** Sends a request of the user `somebody`, below the path that the routes have in common. */
  call(method: string, path: string, body?: unknown): Promise<Called>
  /** As `call`, for an answer that must have this status: its JSON. */
  get<T = Record<string, unknown>>(status: number, method: string, path: string, body?: unknown): Promise<T>
  /** As `call`, for a fault that must have this status: its message. */
  fault(status: number, method: string, path: string, body?: unknown): Promise<string>
}

export async function openRulesApi(
  routes: readonly Route<RuleDeps>[],
  base: string,
  options: Partial<AppOptions<RuleDeps>> = {},
): Promise<RulesApi> {
  const state = await openTestState()
  const api: RulesApi = {
    db: state.db,
    now: new Date('2026-06-11T08:30:12.104Z'),
    rowsMax: 1_000_000,
    call: (method, path, body) => app.call(method, `${base}${path}`, { body, headers: { 'x-user-id': 'somebody' } }),
    async get<T>(status: number, method: string, path: string, body?: unknown) {
      const { status: actual, text, json } = await api.call(method, path, body)
      expect({ status: actual, text }).toEqual({ status, text })
      return json as T
    },
    async fault(status, method, path, body) {
      const answer = await api.get(status, method, path, body)
      expect(answer).toEqual({
        faultcode: 'Client',
        faultstring: expect.any(String) as string,
        debuginfo: null,
      })
      return answer['faultstring'] as string
    },
    [Symbol.asyncDispose]: () => state[Symbol.asyncDispose](),
  }
  const app = testApp(
    routes,
    {
      db: state.db,
      clock: () => api.now,
      get rowsMax() {
        return api.rowsMax
      },
    },
    options,
  )
  return api
}
