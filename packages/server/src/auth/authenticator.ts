import type { Principal } from '../domain/principal.ts'

/** Finds out who asks. One implementation per `[DEFAULT] auth_strategy`. */
export interface Authenticator extends AsyncDisposable {
  /**
   * Who the request's headers speak for; `header` gives a header's value by name, in any letter case, `undefined` when
   * it is absent. Throws `auth.unauthenticated` (its detail has `challenge`, the value of `WWW-Authenticate`) or
   * `auth.unavailable` (with `retryAfterSeconds`).
   */
  authenticate(header: HeaderReader, signal?: AbortSignal): Promise<Principal>
}

export type HeaderReader = (name: string) => string | undefined
