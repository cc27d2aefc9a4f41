import { expect, test } from 'vitest'
import { Fault } from '../../lib/fault.ts'
import { toAuthRequest } from './auth-request.ts'
import { authtokenOptions } from '../../auth/keystone/authtoken-options.ts'
import { thrownBy } from '../../lib/testing/thrown.ts'

const request = (options: Record<string, string>) =>
  toAuthRequest(authtokenOptions.parse(options), 'keystone_authtoken')
const USER = { username: 'cloudkitty', password: 'sesame', user_domain_name: 'Default' }
const identity = {
  methods: ['password'],
  password: { user: { name: 'cloudkitty', domain: { name: 'Default' }, password: 'sesame' } },
}

test.each<[string, Record<string, string>, unknown]>([
  [
    'a password for a project by name',
    { ...USER, project_name: 'service', project_domain_id: 'default' },
    { auth: { identity, scope: { project: { name: 'service', domain: { id: 'default' } } } } },
  ],
  [
    'a password by ids',
    { auth_type: 'v3password', user_id: 'u', password: 'sesame', project_id: 'p' },
    {
      auth: {
        identity: { methods: ['password'], password: { user: { id: 'u', password: 'sesame' } } },
        scope: { project: { id: 'p' } },
      },
    },
  ],
  [
    'the default domain where none is named',
    { username: 'a', password: 'b', project_name: 'c', default_domain_id: 'default', user_domain_name: 'Users' },
    {
      auth: {
        identity: {
          methods: ['password'],
          password: { user: { name: 'a', domain: { name: 'Users' }, password: 'b' } },
        },
        scope: { project: { name: 'c', domain: { id: 'default' } } },
      },
    },
  ],
  ['the system', { ...USER, system_scope: 'all' }, { auth: { identity, scope: { system: { all: true } } } }],
  ['a domain', { ...USER, domain_name: 'Default' }, { auth: { identity, scope: { domain: { name: 'Default' } } } }],
  ['no scope', USER, { auth: { identity } }],
  [
    'an application credential by id, whatever project is named',
    {
      auth_type: 'v3applicationcredential',
      application_credential_id: 'i',
      application_credential_secret: 's',
      project_name: 'service',
    },
    { auth: { identity: { methods: ['application_credential'], application_credential: { id: 'i', secret: 's' } } } },
  ],
  [
    'an application credential by name',
    {
      auth_type: 'v3applicationcredential',
      application_credential_name: 'n',
      application_credential_secret: 's',
      user_id: 'u',
    },
    {
      auth: {
        identity: {
          methods: ['application_credential'],
          application_credential: { name: 'n', secret: 's', user: { id: 'u' } },
        },
      },
    },
  ],
  [
    'a token',
    { auth_type: 'token', token: 't', project_id: 'p' },
    { auth: { identity: { methods: ['token'], token: { id: 't' } }, scope: { project: { id: 'p' } } } },
  ],
])('asks for %s', (_what, options, body) => expect(request(options)).toEqual(body))

test.each<[Record<string, string>, string]>([
  [{ auth_type: 'none' }, 'auth_type'],
  [{ password: 'sesame' }, 'username'],
  [{ username: 'a', user_domain_id: 'default' }, 'password'],
  [{ username: 'a', password: 'sesame' }, 'user_domain_name'],
  [{ user_id: 'a', password: 'sesame', project_name: 'p' }, 'project_domain_name'],
  [{ user_id: 'a', password: 'sesame', system_scope: 'some' }, 'system_scope'],
  [{ auth_type: 'v3applicationcredential', application_credential_id: 'i' }, 'application_credential_secret'],
  [
    { auth_type: 'v3applicationcredential', application_credential_secret: 'sesame', user_id: 'u' },
    'application_credential_name',
  ],
  [{ auth_type: 'token' }, 'token'],
])('%j is refused, naming %s and no secret', (options, option) => {
  const fault = thrownBy(() => request(options)) as Fault
  expect(fault).toMatchObject({ code: 'config.invalid', detail: { section: 'keystone_authtoken', option } })
  expect(fault.message).not.toContain('sesame')
})
