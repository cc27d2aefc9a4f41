import type { Route } from '../../../http/route.ts'
import type { RuleDeps } from '../../module-config.ts'
import { deleteScriptRoute } from './delete-script.ts'
import { getScriptRoute } from './get-script.ts'
import { listScriptsRoute } from './list-scripts.ts'
import { postScriptRoute } from './post-script.ts'
import { putScriptRoute } from './put-script.ts'

/** CloudKitty's API for scripts. */
export const pyscriptsRoutes: readonly Route<RuleDeps>[] = [
  listScriptsRoute,
  getScriptRoute,
  postScriptRoute,
  putScriptRoute,
  deleteScriptRoute,
]
