import { getSummary } from './get-summary.ts'
import { getTotal } from './get-total.ts'
import { listTenants } from './list-tenants.ts'

export const reportRoutes = [getTotal, getSummary, listTenants]
