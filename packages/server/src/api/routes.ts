import type { Route } from '../http/route.ts'
import type { RuleDeps } from '../rating/module-config.ts'
import type { RatingModule } from '../rating/rating-module.ts'
import { apiDocument } from './api-document.ts'
import type { ModuleDeps } from './rated-module.ts'
import { getHealthcheck, type HealthDeps } from './root/get-healthcheck.ts'
import { getMetrics, type MetricsDeps } from './root/get-metrics.ts'
import { getOpenApi } from './root/get-openapi.ts'
import { getVersions } from './root/get-versions.ts'
import type { CollectorDeps } from './v1/collector/mapping.ts'
import { collectorRoutes } from './v1/collector/routes.ts'
import type { InfoDeps } from './v1/info/metrics-source.ts'
import { infoRoutes } from './v1/info/routes.ts'
import type { QuoteDeps } from './v1/rating/post-quote.ts'
import { ratingRoutes } from './v1/rating/routes.ts'
import type { TenantsDeps } from './v1/report/list-tenants.ts'
import type { ReportDeps } from './v1/report/report-scope.ts'
import { reportRoutes } from './v1/report/routes.ts'
import { listDataframes as listV1Dataframes } from './v1/storage/list-dataframes.ts'
import { type AuditDeps, listAudit } from './v2/audit/list-audit.ts'
import { listDataframes } from './v2/dataframes/list-dataframes.ts'
import { postDataframes, type PushDeps } from './v2/dataframes/post-dataframes.ts'
import { getModule } from './v2/rating/get-module.ts'
import { listModules } from './v2/rating/list-modules.ts'
import { putModule } from './v2/rating/put-module.ts'
import { scopeRoutes } from './v2/scope/routes.ts'
import type { ScopeDeps } from './v2/scope/scope-object.ts'
import { getSummary, type SummaryDeps } from './v2/summary/get-summary.ts'
import { cancelReprocesses } from './v2/task/cancel-reprocesses.ts'
import { cancelResets } from './v2/task/cancel-resets.ts'
import { listReprocesses } from './v2/task/list-reprocesses.ts'
import { listResets } from './v2/task/list-resets.ts'
import { postReprocesses, type ReprocessDeps } from './v2/task/post-reprocesses.ts'

/** Everything that the routes need from below. */
export type ApiDeps = HealthDeps &
  MetricsDeps &
  CollectorDeps &
  InfoDeps &
  ModuleDeps &
  RuleDeps &
  QuoteDeps &
  ReportDeps &
  TenantsDeps &
  PushDeps &
  SummaryDeps &
  ScopeDeps &
  ReprocessDeps &
  AuditDeps

export interface ApiParts {
  readonly modules: readonly Pick<RatingModule, 'name' | 'configurable' | 'routes'>[]
  readonly version: string
}

/** Every route of the service. */
export function apiRoutes({ modules, version }: ApiParts): readonly Route<ApiDeps>[] {
  const v1 = [...collectorRoutes, ...infoRoutes, ...ratingRoutes(modules), ...reportRoutes, listV1Dataframes]
  const v2 = [
    ...scopeRoutes,
    listDataframes,
    postDataframes,
    getSummary,
    listModules,
    getModule,
    putModule,
    listReprocesses,
    postReprocesses,
    cancelReprocesses,
    listResets,
    cancelResets,
    listAudit,
  ]
  const routes: Route<ApiDeps>[] = [
    getVersions,
    getHealthcheck,
    getOpenApi(() => apiDocument(routes, version)),
    getMetrics,
    ...v1,
    ...v2,
  ]
  return routes
}
