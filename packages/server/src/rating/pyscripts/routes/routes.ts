import type { Route } from '../../../http/route.ts'
import type { EditRunning } from '../../edit-running.ts'
import type { RuleDeps } from '../../module-config.ts'
import { deleteScriptRoute } from './delete-script.ts'
import { getScriptRoute } from './get-script.ts'
import { listScriptsRoute } from './list-scripts.ts'
import { postScriptRoute } from './post-script.ts'
import { putScriptRoute } from './put-script.ts'

/** CloudKitty's API for scripts. */
export function pyscriptsRoutes(editRunning: EditRunning): readonly Route<RuleDeps>[] {
  return [listScriptsRoute, getScriptRoute, postScriptRoute, putScriptRoute(editRunning), deleteScriptRoute]
}
