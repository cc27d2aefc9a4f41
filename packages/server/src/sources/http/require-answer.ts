import type { Fault } from '../../lib/fault.ts'
import { excerpt, isOverloaded, type SourceReply } from './source-client.ts'

/** What an answer that is no answer is called. */
export type BadAnswer = 'collect.rejected' | 'collect.overloaded' | 'collect.timeout' | 'collect.invalid_answer'

/**
 * The JSON of a reply that is an answer: 2xx and JSON. Otherwise throws what `fault` makes of the code and the message: a
 * redirection is never followed (the operator is told to configure its target), 504 is `collect.timeout`, an overloaded source
 * `collect.overloaded`, any other status `collect.rejected`, and what is empty or no JSON `collect.invalid_answer`.
 *
 * `answer` is the body as its client parses it, undefined when it is not JSON; `reason` says what the source
 * says went wrong, and is asked for no other answer.
 */
export function requireAnswer(
  { status, url, body, location }: SourceReply,
  { answer, reason }: { readonly answer: unknown; readonly reason: () => string },
  fault: (code: BadAnswer, message: string) => Fault,
): unknown {
  if (location !== undefined && status >= 300 && status < 400) {
    throw fault('collect.rejected', `${url} redirects to ${location.split('?')[0]}: configure that URL instead`)
  }
  if (status < 200 || status >= 300) {
    const code = status === 504 ? 'collect.timeout' : isOverloaded(status) ? 'collect.overloaded' : 'collect.rejected'
    throw fault(code, `${url} answered HTTP ${status}: ${reason() || 'an empty body'}`)
  }
  if (answer === undefined) {
    throw fault('collect.invalid_answer', `the answer of ${url} ${whyNoJson(body)}`)
  }
  return answer
}

function whyNoJson(body: Buffer): string {
  return body.length === 0 ? 'is empty' : `is not JSON: ${excerpt(body)}`
}
