import type { IncomingMessage } from 'node:http'

/**
 * Where a request comes from. With `trustProxy` it is what the proxy in front put at the end of `X-Forwarded-For`: anything
 * before that is what the client itself may have written.
 */
export function clientAddress(
  incoming: IncomingMessage | undefined,
  headers: Headers,
  trustProxy: boolean,
): string | undefined {
  const reported = trustProxy ? headers.get('x-forwarded-for')?.split(',').at(-1)?.trim() : undefined
  return reported || incoming?.socket.remoteAddress
}
