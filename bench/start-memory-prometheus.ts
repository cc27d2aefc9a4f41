import { fork } from 'node:child_process'
import { once } from 'node:events'
import { resolve } from 'node:path'

/** A source in memory in a process of its own; `url` is what `prometheus_url` wants. */
export async function startMemoryPrometheus(scopes: number, resources: number): Promise<Disposable & { url: string }> {
  const source = fork(resolve(import.meta.dirname, 'memory-prometheus.ts'), [String(scopes), String(resources)], {
    execArgv: ['--import', 'tsx'],
  })
  const [port] = (await once(source, 'message')) as [number]
  return { url: `http://127.0.0.1:${port}/api/v1`, [Symbol.dispose]: () => void source.kill() }
}
