import { etag, RETAINED_304_HEADERS } from 'hono/etag'
import { secureHeaders } from 'hono/secure-headers'

/** What holds for every answer. How TLS is used and which origins may read is said by who is in front, and by `[cors]`. */
export const secure = secureHeaders({
  xFrameOptions: 'DENY',
  strictTransportSecurity: false,
  crossOriginResourcePolicy: false,
  crossOriginOpenerPolicy: false,
  originAgentCluster: false,
  xDnsPrefetchControl: false,
  xDownloadOptions: false,
  xPermittedCrossDomainPolicies: false,
  xXssProtection: false,
})

/** Sends an answer that the client has already as 304; such a one is an answer like others: it has an id, and a page may read it. */
export const tagged = etag({
  retainedHeaders: [
    ...RETAINED_304_HEADERS,
    'x-openstack-request-id',
    'access-control-allow-origin',
    'access-control-allow-credentials',
    'access-control-expose-headers',
  ],
})
