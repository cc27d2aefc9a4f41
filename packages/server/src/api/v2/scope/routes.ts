import { createScope } from './create-scope.ts'
import { listScopes } from './list-scopes.ts'
import { patchScope } from './patch-scope.ts'
import { resetScopes } from './reset-scopes.ts'

export const scopeRoutes = [listScopes, resetScopes, patchScope, createScope]
