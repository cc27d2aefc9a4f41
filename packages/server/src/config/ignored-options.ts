/** Why an option of CloudKitty or of the libraries it uses has no effect here. `*` speaks for a whole section. */
export const IGNORED_OPTIONS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  DEFAULT: {
    api_paste_config: 'the API has no paste pipeline',
    ...because('parts of the service talk through the state database, there is no message bus', [
      'transport_url',
      'control_exchange',
      'rpc_response_timeout',
      'executor_thread_pool_size',
      'rpc_conn_pool_size',
      'rpc_backend',
    ]),
    ...because('logs are JSON lines, written to log_file or to the standard error output', [
      'verbose',
      'log_config_append',
      'log_date_format',
      'watch_log_file',
      'use_syslog',
      'use_journal',
      'use_json',
      'use_eventlog',
      'use_stderr',
      'syslog_log_facility',
      'log_color',
      'log_rotate_interval',
      'log_rotate_interval_type',
      'max_logfile_count',
      'max_logfile_size_mb',
      'log_rotation_type',
      'logging_context_format_string',
      'logging_default_format_string',
      'logging_debug_format_suffix',
      'logging_exception_prefix',
      'logging_user_identity_format',
      'default_log_levels',
      'publish_errors',
      'instance_format',
      'instance_uuid_format',
      'rate_limit_interval',
      'rate_limit_burst',
      'rate_limit_except_level',
      'fatal_deprecations',
    ]),
    ...because('the service has no back door and reads changed files by itself', [
      'backdoor_port',
      'backdoor_socket',
      'log_options',
      'graceful_shutdown_timeout',
    ]),
  },
  api: {
    pecan_debug: 'there is no Pecan',
  },
  orchestrator: {
    coordination_url: 'scopes are leased in the state database',
    ...because('one process works on many scopes at a time; start more processors, or set [processor] concurrency', [
      'max_workers',
      'max_workers_reprocessing',
      'max_threads',
      'max_greenthreads',
    ]),
  },
  storage: {
    version: 'there is one storage, and API v2 is always there',
  },
  storage_influxdb: { '*': noUpstreamStorage() },
  storage_elasticsearch: { '*': noUpstreamStorage() },
  storage_opensearch: { '*': noUpstreamStorage() },
  storage_loki: { '*': noUpstreamStorage() },
  storage_hybrid: { '*': noUpstreamStorage() },
  storage_gnocchi: { '*': noUpstreamStorage() },
  database: { '*': 'connections to the state database are managed by the service' },
  keystone_authtoken: {
    ...because('validated tokens are remembered in memory', [
      'memcached_servers',
      'memcache_security_strategy',
      'memcache_secret_key',
      'memcache_use_advanced_pool',
      'memcache_pool_dead_retry',
      'memcache_pool_maxsize',
      'memcache_pool_socket_timeout',
      'memcache_pool_unused_timeout',
      'memcache_pool_conn_get_timeout',
      'memcache_sasl_enabled',
      'memcache_username',
      'memcache_password',
      'memcache_tls_enabled',
      'cache',
    ]),
    ...because('tokens are always validated at Keystone v3, before the request is handled', [
      'auth_version',
      'delay_auth_decision',
      'http_request_max_retries',
      'include_service_catalog',
      'enforce_token_bind',
      'signing_dir',
      'hash_algorithms',
      'check_revocations_for_cached',
      'revocation_cache_time',
    ]),
    ...because('tokens are validated at auth_url', ['interface', 'region_name']),
    ...because('X-Service-Token is not read: no request outlives the token it came with', [
      'service_token_roles',
      'service_token_roles_required',
    ]),
    service_type:
      'tokens with access rules are refused by Keystone, as for every service that does not check such rules',
    ...keystoneauth(),
  },
  oslo_policy: because('every operation has a rule, and no other server is asked', [
    'policy_default_rule',
    'remote_content_type',
    'remote_ssl_verify_server_crt',
    'remote_ssl_ca_crt_file',
    'remote_ssl_client_crt_file',
    'remote_ssl_client_key_file',
    'remote_timeout',
  ]),
  cors: { latent_allow_headers: 'allow_headers is the whole list' },
  oslo_concurrency: { '*': 'scopes are leased in the state database' },
  oslo_messaging_rabbit: { '*': noBus() },
  oslo_messaging_kafka: { '*': noBus() },
  oslo_messaging_amqp: { '*': noBus() },
  oslo_messaging_zmq: { '*': noBus() },
  oslo_messaging_notifications: { '*': noBus() },
  oslo_middleware: {
    ...because('[api] max_body_bytes and max_push_bytes are the limits', ['max_request_body_size']),
    secure_proxy_ssl_header: 'X-Forwarded-Proto and Forwarded are the only headers that are read for it',
    http_basic_auth_user_file: 'the service has no basic authentication',
  },
  oslo_reports: { '*': 'the service writes no Guru Meditation Reports' },
  healthcheck: { '*': 'GET /healthcheck needs no set-up' },
  profiler: { '*': 'the service has no OSProfiler' },
  service_user: { '*': 'the service does not call other services on behalf of users' },
  output: { '*': 'reports are asked of the API' },
}

/** keystoneauth options that no plugin of ours needs; ignored in every section that talks to Keystone. */
export const IGNORED_KEYSTONEAUTH_OPTIONS: Readonly<Record<string, string>> = keystoneauth()

function because(reason: string, options: readonly string[]): Record<string, string> {
  return Object.fromEntries(options.map((name) => [name, reason]))
}

function keystoneauth(): Record<string, string> {
  return because('requests to Keystone are logged and counted by the service itself', [
    'collect_timing',
    'split_loggers',
  ])
}

function noUpstreamStorage(): string {
  return 'points are kept in DuckDB or ClickHouse'
}

function noBus(): string {
  return 'parts of the service talk through the state database, there is no message bus'
}
