import { setTimeout as sleep } from 'node:timers/promises'
import { sendJson, serveHttp, type TestServer } from '../../packages/server/src/lib/testing/serve-http.ts'
import { PERIOD_SECONDS, SCOPES, type Truth, thingsOf } from './truth.ts'

/**
 * Speaks Prometheus' `query_range` and answers what is true when it is asked, after so many milliseconds. It never fails:
 * faults come from the proxy before it.
 */
export function startSource(truth: Truth, delayMs: () => number): Promise<TestServer> {
  return serveHttp((request, response) => {
    const answer = answerOf(truth, new URLSearchParams(request.body))
    void sleep(delayMs()).then(() => sendJson(response, answer))
  })
}

function answerOf(truth: Truth, form: URLSearchParams): unknown {
  const query = form.get('query') ?? ''
  const [start, end, step] = ['start', 'end', 'step'].map((name) => Number(form.get(name)))
  const type = /(cpu|volume)\{/.exec(query)?.[1]
  const scopes = /project_id=~?"([^"]*)"/.exec(query)?.[1]?.split('|') ?? []
  if (type === undefined || step !== PERIOD_SECONDS) throw new Error(`unexpected question: ${form.toString()}`)
  const result = SCOPES.filter((scope) => scopes.includes(scope)).flatMap((scope) =>
    thingsOf(scope).flatMap((thing, i) => {
      if (thing.type !== type) return []
      const values: [number, string][] = []
      for (let at = start!; at <= end!; at += step) {
        const tenths = truth.tenths(scope, i, at - step)
        values.push([at, `${Math.floor(tenths / 10)}.${tenths % 10}`])
      }
      const { id, flavor } = thing
      return [{ metric: { id, project_id: scope, ...(flavor === undefined ? {} : { flavor }) }, values }]
    }),
  )
  return { status: 'success', data: { resultType: 'matrix', result } }
}
