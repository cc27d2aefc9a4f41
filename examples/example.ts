import { access } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { decimal } from '../packages/server/src/domain/decimal.ts'
import { parseJson } from '../packages/server/src/lib/json-text.ts'

export const ROOT = resolve(import.meta.dirname, '..')

/** Throws unless there is a program to show. */
export async function checkBuilt(): Promise<void> {
  await access(join(ROOT, 'packages/server/dist/main.js')).catch(() => {
    throw new Error('CloudTabby is not built: run `npm ci` first')
  })
}

/** Aborted when this program is told to end. */
export function toldToEnd(): AbortSignal {
  const told = new AbortController()
  for (const signal of ['SIGINT', 'SIGTERM'] as const)
    process.once(signal, () => told.abort(new Error(`got ${signal}`)))
  return told.signal
}

/** The HTTP API of the service that is shown. */
export class ExampleApi {
  readonly #url: string
  readonly #signal: AbortSignal

  constructor(url: string, signal: AbortSignal) {
    this.#url = url
    this.#signal = signal
  }

  /** The answer, in which numbers stay exact decimals: a double would cut the sums. Throws when it is an error. */
  async ask<T = Record<string, string>>(method: string, path: string, body?: unknown): Promise<T> {
    const response = await fetch(`${this.#url}${path}`, {
      method,
      headers: { accept: 'application/json', 'content-type': 'application/json' },
      ...(body !== undefined && { body: JSON.stringify(body) }),
      signal: AbortSignal.any([this.#signal, AbortSignal.timeout(30_000)]),
    })
    const text = await response.text()
    if (!response.ok) throw new Error(`${method} ${path}: HTTP ${response.status}: ${text}`)
    return (text === '' ? undefined : parseJson(text, decimal)) as T
  }

  /** The rows of a summary. */
  async summary(query: string): Promise<Record<string, unknown>[]> {
    const path = `/v2/summary?response_format=object&${query}`
    return (await this.ask<{ results: Record<string, unknown>[] }>('GET', path)).results
  }
}
