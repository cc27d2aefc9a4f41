import { z } from 'zod'
import { Content, defineRoute, Reply } from '../../http/route.ts'

export interface HealthDeps {
  /** Why this process should get no requests, in a few words; undefined while it should. */
  readonly unhealthy: () => Promise<string | undefined> | string | undefined
  /** What is wrong though this process should go on getting requests: a further line of the answer. Undefined when nothing is. */
  readonly trouble: () => Promise<string | undefined> | string | undefined
}

const Health = z
  .strictObject({
    detailed: z.boolean(),
    reasons: z.array(z.string()).describe('`OK`, or why this process should get no requests; then what else is wrong.'),
  })
  .meta({ id: 'Health' })

/** oslo.middleware's health responder: for load balancers, without token, request id or family. */
export const getHealthcheck = defineRoute<HealthDeps>()({
  family: 'root',
  method: 'ANY',
  path: '/healthcheck',
  access: 'probe',
  policy: null,
  operationId: 'getHealth',
  summary: 'Whether this process answers',
  reply: { status: 200, schema: Health.optional(), types: ['text/plain', 'text/html', 'application/json'] },
  errors: [503],
  async handle({ unhealthy, trouble }, { request }) {
    // At once: each question to state waits for what others ask of it.
    const [reason, note] = await Promise.all([unhealthy(), trouble()])
    const healthy = reason === undefined
    const reasons = [reason ?? 'OK', ...(healthy && note !== undefined ? [note] : [])]
    const status = healthy ? (request.method === 'HEAD' ? 204 : 200) : 503
    if (status === 204) return new Reply(undefined, { status })
    const accept = request.header('accept') ?? ''
    if (accept.includes('application/json')) return new Reply({ detailed: false, reasons }, { status })
    if (accept.includes('text/html')) {
      const page = `<!doctype html>\n<title>Healthcheck</title>\n<h1>${reasons.map(escapeHtml).join('<br>')}</h1>\n`
      return new Reply(new Content('text/html; charset=UTF-8', page), { status })
    }
    return new Reply(new Content('text/plain; charset=UTF-8', reasons.join('\n')), { status })
  },
})

function escapeHtml(text: string): string {
  return text.replace(/[&<>]/g, (character) => `&#${character.codePointAt(0)};`)
}
