/** A metric of the benches' cloud: its series' labels beside project and id, and its values. */
export interface CloudMetric {
  readonly name: string
  readonly type: string
  readonly unit: string
  readonly factor?: string
  readonly extra?: string
  readonly mutate?: string
  readonly labels: (resource: number) => Readonly<Record<string, string>>
  /** At an instant, for one resource of one scope. */
  readonly value: (resource: number, at: number) => number
  /** Resources of a scope that have it; all if absent. */
  readonly resources?: number
}

const FLAVORS = ['m1.tiny', 'm1.small', 'm1.medium', 'm1.large', 'm1.xlarge', 'c1.small', 'c1.large', 'r1.large']

/** The seven metrics of an ordinary OpenStack cloud. */
export const CLOUD_METRICS: readonly CloudMetric[] = [
  {
    name: 'openstack_instance_up',
    type: 'instance',
    unit: 'instance',
    mutate: 'NUMBOOL',
    labels: (r) => ({
      flavor_name: FLAVORS[r % FLAVORS.length]!,
      flavor_id: String(r % FLAVORS.length),
      vcpus: String(1 + (r % 8)),
    }),
    value: () => 1,
  },
  {
    name: 'openstack_volume_gib',
    type: 'volume.size',
    unit: 'GiB',
    labels: (r) => ({ volume_type: ['lvm', 'ceph-ssd', 'ceph-hdd', 'nfs'][r % 4]! }),
    value: (r) => [1, 10, 20, 50, 100, 500][r % 6]!,
  },
  {
    name: 'openstack_image_bytes',
    type: 'image.size',
    unit: 'MiB',
    factor: '1/1048576',
    labels: (r) => ({ disk_format: ['qcow2', 'raw', 'iso'][r % 3]!, container_format: 'bare' }),
    value: (r) => (1 + r) * 123_456_789,
  },
  {
    name: 'openstack_port_out_bytes_total',
    type: 'network.outgoing.bytes',
    unit: 'MB',
    factor: '1/1000000',
    extra: '{aggregation_method: sum, range_function: delta}',
    labels: (r) => ({ instance_id: `instance-${r}` }),
    value: (r, at) => (at % 10_000_000) * (1000 + r * 37),
  },
  {
    name: 'openstack_port_in_bytes_total',
    type: 'network.incoming.bytes',
    unit: 'MB',
    factor: '1/1000000',
    extra: '{aggregation_method: sum, range_function: delta}',
    labels: (r) => ({ instance_id: `instance-${r}` }),
    value: (r, at) => (at % 10_000_000) * (900 + r * 41),
  },
  {
    name: 'openstack_ip_floating',
    type: 'ip.floating',
    unit: 'ip',
    mutate: 'NUMBOOL',
    labels: () => ({ state: 'ACTIVE' }),
    value: () => 1,
  },
  {
    name: 'openstack_radosgw_bytes',
    type: 'radosgw.objects.size',
    unit: 'GiB',
    factor: '1/1073741824',
    labels: () => ({}),
    value: (r) => (1 + r) * 1_073_741_824,
    resources: 1,
  },
]

/** Those seven, and three gauges more. */
export const TEN_METRICS: readonly CloudMetric[] = [
  ...CLOUD_METRICS,
  ...['share_gib', 'snapshot_gib', 'loadbalancer_up'].map((name) => ({
    name: `openstack_${name}`,
    type: name,
    unit: 'unit',
    labels: () => ({ state: 'ACTIVE' }),
    value: (resource: number) => 1 + resource,
  })),
]

export const scopeName = (i: number) => `scope-${String(i + 1).padStart(4, '0')}`

/** All labels of a series; the keys are in the order of metrics.yml. */
export function labelsOf(metric: CloudMetric, scope: number, resource: number): Record<string, string> {
  return {
    id: `${metric.type}-${scope}-${resource}`,
    user_id: `user-${scope}-${resource % 3}`,
    project_id: scopeName(scope),
    ...metric.labels(resource),
  }
}

export function metricsYaml(metrics: readonly CloudMetric[]): string {
  const lines = metrics.flatMap((metric) => [
    `  ${metric.name}:`,
    `    unit: ${metric.unit}`,
    `    alt_name: ${metric.type}`,
    '    groupby: [id, user_id, project_id]',
    `    metadata: [${Object.keys(metric.labels(0)).join(', ')}]`,
    ...(metric.factor ? [`    factor: ${metric.factor}`] : []),
    ...(metric.mutate ? [`    mutate: ${metric.mutate}`] : []),
    `    extra_args: ${metric.extra ?? '{aggregation_method: max}'}`,
  ])
  return ['metrics:', ...lines, ''].join('\n')
}
