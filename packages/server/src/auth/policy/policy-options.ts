import { z } from 'zod'
import { option } from '../../lib/option.ts'

/** `[oslo_policy]`. */
export const policyOptions = z.object({
  policy_file: option
    .text()
    .optional()
    .describe(
      'File with rules that override the defaults, YAML or JSON; beside the configuration file unless absolute. Default: policy.yaml, if there is one',
    ),
  policy_dirs: option
    .list()
    .default(['policy.d'])
    .describe(
      'Folders with more such files, read in the order of their names after policy_file; missing ones are left out',
    ),
  enforce_new_defaults: option
    .boolean()
    .default(true)
    .describe('Only the secure-RBAC defaults hold. False: any role on a project may also read what is the project’s'),
  enforce_scope: option
    .boolean()
    .default(true)
    .describe('Tokens for the system or a domain are refused for operations on projects'),
})

export type PolicyOptions = z.output<typeof policyOptions>
