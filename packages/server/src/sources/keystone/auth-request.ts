import type { z } from 'zod'
import { Fault } from '../../lib/fault.ts'
import type { keystoneauthOptions } from './keystoneauth-options.ts'
import { unreachable } from '../../lib/unreachable.ts'

/** A section's keystoneauth options, read by a schema that spreads `keystoneauthOptions`. */
export type KeystoneauthOptions = z.output<z.ZodObject<typeof keystoneauthOptions>>

/**
 * The body of `POST /v3/auth/tokens` that gets the token the options describe, as keystoneauth's v3 plugins send it. Throws
 * `config.invalid`, naming the option, when they do not describe one.
 */
export function toAuthRequest(options: KeystoneauthOptions, section: string): unknown {
  return new AuthRequest(options, section).body()
}

class AuthRequest {
  readonly #options: KeystoneauthOptions
  readonly #section: string

  constructor(options: KeystoneauthOptions, section: string) {
    this.#options = options
    this.#section = section
  }

  body(): unknown {
    const type = this.#options.auth_type
    switch (type) {
      case 'password':
      case 'v3password': {
        const password = { user: { ...this.#user(), password: this.#needed('password') } }
        return this.#scoped({ methods: ['password'], password })
      }
      case 'v3applicationcredential':
        // It has its project in itself; naming another one is an error to Keystone.
        return {
          auth: { identity: { methods: ['application_credential'], application_credential: this.#credential() } },
        }
      case 'token':
      case 'v3token':
        return this.#scoped({ methods: ['token'], token: { id: this.#needed('token') } })
      case 'none':
        throw this.#fault('auth_type', 'none gives no token; name password or v3applicationcredential')
      default:
        return unreachable(type)
    }
  }

  #scoped(identity: object): unknown {
    const scope = this.#scope()
    return { auth: { identity, ...(scope && { scope }) } }
  }

  #credential(): object {
    const { application_credential_id: id } = this.#options
    const secret = this.#needed('application_credential_secret')
    if (given(id)) return { id, secret }
    return { name: this.#needed('application_credential_name'), secret, user: this.#user() }
  }

  #user(): object {
    const { user_id: id } = this.#options
    return given(id) ? { id } : { name: this.#needed('username'), domain: this.#domain('user') }
  }

  #scope(): object | undefined {
    const o = this.#options
    if (given(o.trust_id)) return { 'OS-TRUST:trust': { id: o.trust_id } }
    if (given(o.project_id)) return { project: { id: o.project_id } }
    if (given(o.project_name)) return { project: { name: o.project_name, domain: this.#domain('project') } }
    if (given(o.domain_id)) return { domain: { id: o.domain_id } }
    if (given(o.domain_name)) return { domain: { name: o.domain_name } }
    if (!given(o.system_scope)) return undefined
    if (o.system_scope !== 'all') throw this.#fault('system_scope', `expected all, got '${o.system_scope}'`)
    return { system: { all: true } }
  }

  #domain(of: 'user' | 'project'): object {
    const o = this.#options
    const id = o[`${of}_domain_id`] ?? (given(o[`${of}_domain_name`]) ? undefined : o.default_domain_id)
    if (given(id)) return { id }
    const name = o[`${of}_domain_name`] ?? o.default_domain_name
    if (given(name)) return { name }
    throw this.#fault(`${of}_domain_name`, `needed where the ${of} is given by name`)
  }

  #needed(option: 'username' | 'password' | 'token' | `application_credential_${'name' | 'secret'}`): string {
    const value = this.#options[option]
    if (given(value)) return value
    throw this.#fault(option, `needed by auth_type = ${this.#options.auth_type}`)
  }

  #fault(option: string, reason: string): Fault {
    return new Fault('config.invalid', `[${this.#section}] ${option}: ${reason}`, { section: this.#section, option })
  }
}

function given(text: string | undefined): text is string {
  return text !== undefined && text !== ''
}
