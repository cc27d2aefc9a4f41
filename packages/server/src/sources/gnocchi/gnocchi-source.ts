import { z } from 'zod'
import { Fault } from '../../lib/fault.ts'
import { keystoneauthOptions } from '../keystone/keystoneauth-options.ts'
import { option } from '../../lib/option.ts'
import { SourceClient, type Source, type SourceObserver } from '../http/source-client.ts'
import { ServiceSource } from '../keystone/service-source.ts'
import { KeystoneSession } from '../keystone/session.ts'

/** The options of a section that talks to Gnocchi: CloudKitty's, then ours. */
export const gnocchiOptions = {
  ...keystoneauthOptions,
  gnocchi_auth_type: option.oneOf(['keystone', 'basic']).default('keystone').describe('How Gnocchi knows who asks'),
  gnocchi_user: option.text().default('').describe('User for basic authentication, which has no password'),
  gnocchi_endpoint: option.text().default('').describe('Address of Gnocchi for basic authentication'),
  interface: option
    .text()
    .default('internalURL')
    .describe('Kind of endpoint in the catalog: public, internal or admin'),
  region_name: option.text().default('RegionOne').describe('Region of the endpoint in the catalog'),
  http_pool_maxsize: option
    .integer({ min: 1 })
    .default(10)
    .describe('Requests under way at a time, and connections kept'),
  max_response_size: option.integer({ min: 1 }).default(64).describe('MiB of one answer at most'),
}

export type GnocchiOptions = z.output<z.ZodObject<typeof gnocchiOptions>>

/** Where a section says nothing. Gnocchi may read thousands of series for one answer. */
const TIMEOUT_SECONDS = 300

/** The Gnocchi that a section's options describe. Throws `config.invalid`, naming the option, when they describe none. */
export function openGnocchi(options: GnocchiOptions, section: string, onRequest: SourceObserver | undefined): Source {
  const common = {
    source: section,
    timeoutSeconds: options.timeout || TIMEOUT_SECONDS,
    connections: options.http_pool_maxsize,
    maxResponseBytes: options.max_response_size * 1024 * 1024,
    tls: options,
    onRequest,
  }
  if (options.gnocchi_auth_type === 'keystone') {
    const session = new KeystoneSession(options, { section })
    const endpoint = { type: 'metric', interface: options.interface, region: options.region_name || undefined }
    return new ServiceSource(session, { ...common, endpoint, toBaseUrl: withoutVersion })
  }
  if (!/^https?:\/\/[^/]/.test(options.gnocchi_endpoint)) {
    const message = `[${section}] gnocchi_endpoint: gnocchi_auth_type = basic needs the address of Gnocchi, for instance http://controller:8041`
    throw new Fault('config.invalid', message, { section, option: 'gnocchi_endpoint' })
  }
  return new SourceClient({
    ...common,
    url: withoutVersion(options.gnocchi_endpoint),
    username: options.gnocchi_user,
    password: '',
  })
}

/** Paths begin with the version; some catalogs and operators name it too. */
function withoutVersion(endpoint: string): string {
  return endpoint.replace(/(?<!\/)\/+$/, '').replace(/\/v1$/, '')
}
