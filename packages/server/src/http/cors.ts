/** oslo.middleware's `[cors]` options, with CloudKitty's defaults. */
export interface CorsOptions {
  /** Origins as browsers send them, or `*`. None: CORS is off. */
  readonly allowedOrigins: readonly string[]
  readonly allowCredentials: boolean
  readonly exposeHeaders: readonly string[]
  readonly maxAgeSeconds: number
  readonly allowMethods: readonly string[]
  readonly allowHeaders: readonly string[]
}

export const CORS_OFF: CorsOptions = {
  allowedOrigins: [],
  allowCredentials: true,
  exposeHeaders: ['X-Auth-Token', 'X-Subject-Token', 'X-Service-Token', 'X-OpenStack-Request-ID'],
  maxAgeSeconds: 3600,
  allowMethods: ['GET', 'PUT', 'POST', 'DELETE', 'PATCH'],
  allowHeaders: [
    'X-Auth-Token',
    'X-Subject-Token',
    'X-Roles',
    'X-User-Id',
    'X-Domain-Id',
    'X-Project-Id',
    'X-Tenant-Id',
    'X-OpenStack-Request-ID',
  ],
}

const SIMPLE_HEADERS = ['accept', 'accept-language', 'content-type', 'cache-control', 'content-language', 'expires']

/** The answer to a preflight, which needs no token; undefined when the request is none, or CORS is off. */
export function answerPreflight(method: string, headers: Headers, options: CorsOptions): Response | undefined {
  const wantedMethod = headers.get('access-control-request-method')
  if (options.allowedOrigins.length === 0 || method !== 'OPTIONS') return undefined
  if (!headers.has('origin') || wantedMethod === null) return undefined
  const answer = new Response(null, { status: 200 })
  const allowedHeaders = [...SIMPLE_HEADERS, ...options.allowHeaders.map((name) => name.toLowerCase())]
  const wantedHeaders = (headers.get('access-control-request-headers') ?? '')
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '')
  if (!options.allowMethods.includes(wantedMethod)) return answer
  if (!wantedHeaders.every((name) => allowedHeaders.includes(name.toLowerCase()))) return answer
  if (!allowOrigin(answer.headers, headers, options)) return answer
  answer.headers.set('access-control-allow-methods', wantedMethod)
  if (wantedHeaders.length > 0) answer.headers.set('access-control-allow-headers', wantedHeaders.join(','))
  answer.headers.set('access-control-max-age', String(options.maxAgeSeconds))
  return answer
}

/** Adds what lets a page of an allowed origin read the answer; a page of another origin gets none of it. */
export function addCorsHeaders(answer: Headers, request: Headers, options: CorsOptions): void {
  if (options.allowedOrigins.length === 0 || !request.has('origin')) return
  if (!allowOrigin(answer, request, options)) return
  if (options.exposeHeaders.length > 0) {
    answer.set('access-control-expose-headers', options.exposeHeaders.join(','))
  }
}

function allowOrigin(answer: Headers, request: Headers, options: CorsOptions): boolean {
  const origin = request.get('origin')
  answer.set('vary', 'Origin')
  if (origin === null) return false
  if (!options.allowedOrigins.includes(origin)) {
    if (!options.allowedOrigins.includes('*')) return false
    // Any origin may read, but none with the user's credentials.
    answer.set('access-control-allow-origin', '*')
    return true
  }
  answer.set('access-control-allow-origin', origin)
  if (options.allowCredentials) answer.set('access-control-allow-credentials', 'true')
  return true
}
