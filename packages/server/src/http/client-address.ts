import type { IncomingMessage } from 'node:http'
import type { Principal } from '../domain/principal.ts'

/** No address is longer; what stands there instead is still the client's name. */
const ADDRESS_MAX = 64

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
  return reported?.slice(0, ADDRESS_MAX) || incoming?.socket.remoteAddress
}

/** What tells one client from another: who its token says it is, or, where nobody proves that, where it comes from. */
export type ClientsBy = 'user' | 'address'

/** Whose questions wait for one another: all of a project's users share what is the project's. */
export function clientName(who: Principal, address: string | undefined, by: ClientsBy): string {
  if (by === 'address') return address ?? ''
  return who.isAdmin
    ? `${who.userId ?? ''} ${who.projectId ?? ''}`
    : (who.projectId ?? who.domainId ?? who.userId ?? '')
}
