/** Who asks: what authentication found out about the caller. */
export interface Principal {
  readonly userId: string | undefined
  /** The project the token is scoped to. */
  readonly projectId: string | undefined
  readonly domainId: string | undefined
  /** `all` for a system-scoped token. */
  readonly systemScope: string | undefined
  /** As the token has them; compared without regard to letter case. */
  readonly roles: readonly string[]
  /** The policy rule `context_is_admin` holds, or there is no authentication. */
  readonly isAdmin: boolean
  /** Keystone's `is_admin_project`; true when nothing is said. */
  readonly isAdminProject: boolean
}

/** Somebody of whom nothing is known, who may do what everybody may. */
export const NOBODY: Principal = {
  userId: undefined,
  projectId: undefined,
  domainId: undefined,
  systemScope: undefined,
  roles: [],
  isAdmin: false,
  isAdminProject: true,
}
