import type { Point } from '../../packages/server/src/domain/point.ts'
import { point } from '../../packages/server/src/api/testing/open-test-api.ts'

/** What a project has that nobody else may see. Of one project or another every text is different. */
export interface Tenant {
  readonly project: string
  readonly resource: string
  readonly flavor: string
  readonly type: string
  /** The sum of its prices, which no other answer holds by chance. */
  readonly total: string
}

export function tenant(name: string, project: string, total: string): Tenant {
  return {
    project,
    resource: `resource-of-${name}-c4b1`,
    flavor: `flavor-of-${name}-77aa`,
    type: `type-of-${name}-0e9d`,
    total,
  }
}

/** Its points: of a type that others have too, and of one that only it has. */
export function pointsOf({ project, resource, flavor, type, total }: Tenant): Point[] {
  const groupby = { project_id: project, id: resource }
  return [
    point('instance', '2026-06-11T07:00:00Z', '1', total, groupby, { flavor_name: flavor, flavor_id: `id-${flavor}` }),
    point(type, '2026-06-11T07:00:00Z', '1', '0', groupby, { volume_type: flavor }),
  ]
}

/** Whatever of the tenant stands in the text. */
export function tracesOf(tenant: Tenant, text: string): string[] {
  const { project, resource, flavor, type, total } = tenant
  return [project, resource, flavor, type, total].filter((secret) => text.includes(secret))
}
