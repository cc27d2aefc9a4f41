import { request } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { formatInstant } from '../../packages/server/src/domain/period.ts'
import { PERIOD_SECONDS } from './truth.ts'

/** Of one client one question is answered at a time: each of these has an address of its own. */
const CLIENTS = 6
/** As many as may be named, of those that each pushed point has. */
export const HUNGRY_ATTRIBUTES = 19
const TIMEOUT_MS = 15_000

/**
 * Clients that ask for sums of what was pushed by everything that tells points apart, which takes as much memory as a question can.
 * A question may be refused when memory is short or time is over. Findings: answers that are neither.
 */
export async function askHungrily(
  address: () => string | undefined,
  { begin, ms }: { readonly begin: number; readonly ms: number },
): Promise<string[]> {
  const findings = new Set<string>()
  const deadline = performance.now() + ms
  const client = async (number: number): Promise<void> => {
    for (let asked = 0; performance.now() < deadline; asked++) {
      const at = address()
      const answer = at === undefined ? undefined : await ask(at, { begin, number, asked }).catch(() => undefined)
      if (answer === undefined) await sleep(100)
      else if (![200, 429, 503].includes(answer.status))
        findings.add(`a dear question was answered ${answer.status} ${answer.text.slice(0, 300)}`)
    }
  }
  await Promise.all(Array.from({ length: CLIENTS }, (_, i) => client(i)))
  return [...findings].slice(0, 3)
}

interface Question {
  readonly begin: number
  readonly number: number
  readonly asked: number
}

function ask(address: string, { begin, number, asked }: Question): Promise<{ status: number; text: string }> {
  const url = new URL('/v2/summary', address)
  const names = ['id', ...Array.from({ length: HUNGRY_ATTRIBUTES }, (_, i) => `z${i}`)]
  for (const name of names) url.searchParams.append('groupby', name)
  url.searchParams.set('begin', formatInstant(begin))
  url.searchParams.set('end', formatInstant(begin + PERIOD_SECONDS))
  url.searchParams.set('offset', String(number + asked * 7))
  url.searchParams.set('limit', '1')
  return new Promise((resolve, reject) => {
    const sent = request(
      url,
      { localAddress: `127.0.0.${11 + number}`, signal: AbortSignal.timeout(TIMEOUT_MS) },
      (response) => {
        let text = ''
        response.setEncoding('utf8')
        response.on('data', (chunk: string) => (text += chunk))
        response.once('end', () => resolve({ status: response.statusCode!, text }))
        response.once('error', reject)
      },
    )
    sent.once('error', reject)
    sent.end()
  })
}
