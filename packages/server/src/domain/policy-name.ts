/** CloudKitty's policy rules that guard an operation, and one of ours, for the audit; `policy.yaml` may override each of them. */
export const POLICY_NAMES = [
  'collector:list_mappings',
  'collector:get_mapping',
  'collector:manage_mapping',
  'collector:get_state',
  'collector:update_state',
  'info:get_config',
  'info:list_metrics_info',
  'info:get_metric_info',
  'info:list_services_info',
  'info:get_service_info',
  'rating:list_modules',
  'rating:get_module',
  'rating:update_module',
  'rating:quote',
  'rating:module_config',
  'report:list_tenants',
  'report:get_summary',
  'report:get_total',
  'storage:list_data_frames',
  'dataframes:add',
  'dataframes:get',
  'summary:get_summary',
  'scope:get_state',
  'scope:reset_state',
  'scope:patch_state',
  'scope:post_state',
  'v2_rating:list_modules',
  'v2_rating:get_module',
  'v2_rating:update_module',
  'schedule:get_task_reprocesses',
  'schedule:task_reprocesses',
  'audit:list',
] as const

export type PolicyName = (typeof POLICY_NAMES)[number]

/** What an operation is about: `%(project_id)s` in a policy rule. Null matches nobody's project. */
export interface PolicyTarget {
  readonly projectId: string | null
}
