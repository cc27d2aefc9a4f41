import { getConfig } from './get-config.ts'
import { getMetric, getService } from './get-metric.ts'
import { listMetrics, listServices } from './list-metrics.ts'

export const infoRoutes = [getConfig, listMetrics, getMetric, listServices, getService]
