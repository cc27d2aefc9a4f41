import type { PolicyName } from '../../domain/policy-name.ts'

/** Rules that others refer to. They guard no operation, and so no token scope is asked for. */
export const BASE_RULES = {
  context_is_admin: 'role:admin',
  admin_or_owner: 'is_admin:True or (role:admin and is_admin_project:True) or project_id:%(project_id)s',
  default: '',
  project_member_api: 'role:member and project_id:%(project_id)s',
  project_reader_api: 'role:reader and project_id:%(project_id)s',
  project_member_or_admin: 'rule:project_member_api or rule:context_is_admin',
  project_reader_or_admin: 'rule:project_reader_api or rule:context_is_admin',
} as const satisfies Record<string, string>

/**
 * What the rules before secure RBAC said, an alternative of the new ones while `[oslo_policy] enforce_new_defaults` is
 * false. Not `rule:admin_or_owner`: with CloudKitty, overriding that rule does not change the alternative.
 */
export const LEGACY_ALTERNATIVE = BASE_RULES.admin_or_owner
export const WITH_LEGACY_ALTERNATIVE: ReadonlySet<string> = new Set([
  'project_member_api',
  'project_reader_api',
  'project_member_or_admin',
  'project_reader_or_admin',
])

const ADMIN = 'role:admin'
const READER_OR_ADMIN = 'rule:project_reader_or_admin'
const EVERYBODY = ''

/** CloudKitty's defaults (its cloudkitty/common/policies), and ours in their manner. Each is for project-scoped tokens only, as `enforce_scope` says. */
export const OPERATION_RULES = {
  'collector:list_mappings': ADMIN,
  'collector:get_mapping': ADMIN,
  'collector:manage_mapping': ADMIN,
  'collector:get_state': ADMIN,
  'collector:update_state': ADMIN,
  'info:get_config': EVERYBODY,
  'info:list_metrics_info': EVERYBODY,
  'info:get_metric_info': EVERYBODY,
  'info:list_services_info': EVERYBODY,
  'info:get_service_info': EVERYBODY,
  'rating:list_modules': ADMIN,
  'rating:get_module': ADMIN,
  'rating:update_module': ADMIN,
  'rating:quote': EVERYBODY,
  'rating:module_config': ADMIN,
  'report:list_tenants': ADMIN,
  'report:get_summary': READER_OR_ADMIN,
  'report:get_total': READER_OR_ADMIN,
  'storage:list_data_frames': READER_OR_ADMIN,
  'dataframes:add': ADMIN,
  'dataframes:get': READER_OR_ADMIN,
  'summary:get_summary': READER_OR_ADMIN,
  'scope:get_state': ADMIN,
  'scope:reset_state': ADMIN,
  'scope:patch_state': ADMIN,
  'scope:post_state': ADMIN,
  'v2_rating:list_modules': ADMIN,
  'v2_rating:get_module': ADMIN,
  'v2_rating:update_module': ADMIN,
  'schedule:get_task_reprocesses': ADMIN,
  'schedule:task_reprocesses': ADMIN,
  'audit:list': ADMIN,
} as const satisfies Record<PolicyName, string>
