/**
 * Whether a request's target, as it came over the wire, means another path than it shows: dots that lead upwards, however
 * often they are encoded, empty segments, backslashes and path parameters (`;`). A proxy's rule by prefix would not hold for
 * such a path, and no client sends one, so there is nothing at it. One slash at the end is none of these.
 */
export function isCrooked(target: string): boolean {
  const path = target.replace(/^https?:\/\/[^/?#]*/i, '').split(/[?#]/, 1)[0]!
  if (path.includes('//') || path.includes('\\') || path.includes(';')) return true
  if (!path.includes('.') && !path.includes('%')) return false
  return path.split('/').some((segment) => leadsUp(segment))
}

/** How often a segment is decoded: a proxy decodes once, what stands behind it once more. */
const DECODINGS = 3

function leadsUp(segment: string): boolean {
  let text = segment
  for (let i = 0; i <= DECODINGS; i++) {
    if (text.split(/[/\\]/).some((part) => /^\.\.?(?:;|$)/.test(part))) return true
    const decoded = text.replaceAll(/%(2e|2f|5c|3b|25)/gi, (_, hex: string) =>
      String.fromCharCode(Number.parseInt(hex, 16)),
    )
    if (decoded === text) return false
    text = decoded
  }
  return false
}

/**
 * The address as the client wrote it. With `trustProxy` (CloudKitty's `[oslo_middleware] enable_proxy_headers_parsing`) the
 * scheme, host and mount prefix that a proxy in front reports replace those of the request.
 */
export function clientUrl(url: URL, headers: Headers, trustProxy: boolean): URL {
  if (!trustProxy) return url
  const forwarded = parseForwarded(headers.get('forwarded') ?? '')
  const protocol = forwarded.get('proto') ?? first(headers.get('x-forwarded-proto'))
  const host = forwarded.get('host') ?? first(headers.get('x-forwarded-host'))
  const prefix = first(headers.get('x-forwarded-prefix')) ?? ''
  const scheme = protocol === 'https' || protocol === 'http' ? protocol : url.protocol.slice(0, -1)
  const mounted = /^(?:\/[\w.~-]+)*\/?$/.test(prefix) ? prefix.replace(/\/$/, '') : ''
  const text = `${scheme}://${isHost(host) ? host : url.host}${mounted}${url.pathname}${url.search}`
  return URL.canParse(text) ? new URL(text) : url
}

function isHost(host: string | undefined): host is string {
  return host !== undefined && /^(?:[\w.-]+|\[[\da-fA-F:]+\])(?::\d+)?$/.test(host)
}

function first(header: string | null): string | undefined {
  return header?.split(',')[0]?.trim() || undefined
}

/** RFC 7239: the first element is the proxy that the client spoke to. */
function parseForwarded(header: string): Map<string, string> {
  const pairs = (header.split(',')[0] ?? '').split(';').map((pair) => pair.split('='))
  return new Map(
    pairs.map(([name = '', value = '']) => [name.trim().toLowerCase(), value.trim().replaceAll('"', '')] as const),
  )
}
