import { option } from '../../lib/option.ts'

/**
 * The options that keystoneauth reads in every section that talks to Keystone, for password and application credentials
 * (`keystoneauth1/loading/`). A plugin spreads them into its own schema; its section may then say `auth_section`.
 */
export const keystoneauthOptions = {
  auth_section: option.text().optional().describe('Another section from which the keystoneauth options are read'),
  auth_type: option
    .oneOf(['password', 'v3password', 'v3applicationcredential', 'v3token', 'token', 'none'])
    .default('password')
    .describe('How to get a token'),
  auth_url: option.text().optional().describe('Address of Keystone, for instance http://controller:5000/v3'),
  username: option.text().optional().describe('Name of the user'),
  user_id: option.text().optional().describe('Id of the user'),
  password: option.secret().optional().describe('Password of the user'),
  user_domain_name: option.text().optional().describe('Name of the domain of the user'),
  user_domain_id: option.text().optional().describe('Id of the domain of the user'),
  project_name: option.text().optional().describe('Name of the project the token is for'),
  project_id: option.text().optional().describe('Id of the project the token is for'),
  project_domain_name: option.text().optional().describe('Name of the domain of the project'),
  project_domain_id: option.text().optional().describe('Id of the domain of the project'),
  domain_name: option.text().optional().describe('Name of the domain the token is for'),
  domain_id: option.text().optional().describe('Id of the domain the token is for'),
  system_scope: option.text().optional().describe('`all`: the token is for the system'),
  trust_id: option.text().optional().describe('Id of a trust'),
  default_domain_name: option.text().optional().describe('Domain of user and project where none is given'),
  default_domain_id: option.text().optional().describe('Id of the domain of user and project where none is given'),
  application_credential_id: option.text().optional().describe('Id of an application credential'),
  application_credential_name: option.text().optional().describe('Name of an application credential of the user'),
  application_credential_secret: option.secret().optional().describe('Secret of the application credential'),
  token: option.secret().optional().describe('A token to begin with'),
  cafile: option.text().optional().describe('File with the certificates of the authorities to trust, PEM'),
  certfile: option.text().optional().describe('File with our certificate, PEM'),
  keyfile: option.text().optional().describe('File with the key of our certificate, PEM'),
  insecure: option.boolean().default(false).describe('Do not verify certificates'),
  timeout: option.float({ min: 0 }).optional().describe('Seconds to wait for an answer'),
}

/** Names that keystoneauth still takes for those above. */
export const KEYSTONEAUTH_OLD_NAMES: Readonly<Record<string, string>> = {
  user_name: 'username',
  tenant_name: 'project_name',
  tenant_id: 'project_id',
}
