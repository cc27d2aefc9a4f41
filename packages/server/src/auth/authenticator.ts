import type { Asker, HeaderReader } from '../domain/asker.ts'
import type { Principal } from '../domain/principal.ts'

/** Finds out who asks. One implementation per `[DEFAULT] auth_strategy`. */
export interface Authenticator extends AsyncDisposable {
  /**
   * Who the request's headers speak for. Throws `auth.unauthenticated` (its `challenge` is the value of `WWW-Authenticate`),
   * `auth.unavailable` or `request.too_many` (with `retryAfterSeconds`). Without an asker nothing is counted.
   */
  authenticate(header: HeaderReader, signal?: AbortSignal, asker?: Asker): Promise<Principal>
}
