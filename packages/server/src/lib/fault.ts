/**
 * Everything that callers or operators can meet, with the HTTP status it answers with. The comment says what happened and
 * what to do: this is the manual of errors.
 */
export const FAULTS = {
  /** A configuration file cannot be used; the detail lists every fault in it. Mend the file and start again. */
  'config.invalid': 500,
  /** The API's address or port cannot be taken; the message says why and which option to set. */
  'api.cannot_listen': 500,
  /** Another process uses the embedded stores. Stop it, or use its API. */
  'state.locked': 500,
  /** The folder or file of an embedded store cannot be written. */
  'state.unwritable': 500,
  /** The database that holds state does not answer. Ask again when it is back; a change that was under way may have been made. */
  'state.unavailable': 503,
  /**
   * The points store holds batches that state does not know: state came back from an older copy than the points, or the two do
   * not belong together. docs/operating/backup.md says what to do.
   */
  'state.older_than_points': 500,
  /** This process lost its lease on a scope; what it wrote is discarded and another one goes on. */
  'state.fenced': 500,
  /** A quantity or price does not fit DECIMAL(38,18). */
  'storage.out_of_range': 400,
  /** The points store could not write, for instance because the disk is full. Nothing of the batch is visible. */
  'storage.write_failed': 500,
  /** Two series with different identities have the same 64-bit id; the batch is refused. Rename an attribute of one. */
  'storage.series_collision': 409,
  /** A newer version of this program has written the points store. Install that version, or restore a backup. */
  'storage.newer_version': 500,
  /** The points store could not answer. */
  'storage.unavailable': 503,
  /** Backup and restore are of the embedded stores; servers have means of their own: docs/operating/backup.md. */
  'backup.not_embedded': 400,
  /** The folder for the backup is there already, or cannot be made. Name another one. */
  'backup.folder': 400,
  /** The backup could not be written, for instance because the disk is full. Nothing of it is left. */
  'backup.failed': 500,
  /** The folder holds no backup, or one that is not whole, or was changed since. Nothing was touched. */
  'backup.invalid': 400,
  /** A newer version of this program has made the backup. Install that version. */
  'backup.newer_version': 400,
  /** There are stores already where the backup would go. `--force` moves them aside. */
  'backup.stores_exist': 409,
  /** The source could not be reached. The period stays unrated and is tried again. */
  'collect.unreachable': 502,
  /** The source did not answer in time. The period stays unrated and is tried again. */
  'collect.timeout': 504,
  /** The source refused the question. The period stays unrated and is tried again. */
  'collect.rejected': 502,
  /** The source's answer cannot be understood, or has a value that cannot be rated (NaN, Inf). */
  'collect.invalid_answer': 502,
  /** The source's answer is larger than is taken, or than the source itself permits, for the smallest possible question. */
  'collect.too_large': 502,
  /** The list of scopes could not be fetched. Known scopes are rated all the same. */
  'fetch.failed': 502,
  /** A rating module cannot price a point; the period stays unrated until the data or the rules are mended. */
  'rating.failed': 500,
  /** A line or field of an imported file is wrong; nothing of the file was taken. */
  'import.invalid': 400,
  /** The request is malformed. */
  'request.invalid': 400,
  /** There is no such thing. */
  'request.not_found': 404,
  /** It exists already, or stands in the way of what exists. */
  'request.conflict': 409,
  /** The operation cannot be done on this, whatever is sent. */
  'request.not_allowed': 405,
  /** The client accepts no JSON. */
  'request.not_acceptable': 406,
  /** The body is longer than this service takes. Send it in parts. */
  'request.too_large': 413,
  /** The client stopped sending in the middle of the body. Send it again. */
  'request.too_slow': 408,
  /** The client asks more often than `[api] rate_limit_per_second` allows; Retry-After says when it may ask again. */
  'request.too_many': 429,
  /** The body's content type is not one that the operation reads. */
  'request.unsupported_type': 415,
  /** The answer took longer than this service lets a request last. Ask for less. */
  'request.timeout': 503,
  /** No or no valid token. */
  'auth.unauthenticated': 401,
  /** The policy forbids it. */
  'policy.forbidden': 403,
  /** Keystone does not answer. */
  'auth.unavailable': 503,
} as const satisfies Record<string, number>

export type FaultCode = keyof typeof FAULTS

/** An error that its reader can do something about. `detail` never holds secrets. */
export class Fault extends Error {
  override readonly name = 'Fault'
  readonly code: FaultCode
  readonly detail: Readonly<Record<string, unknown>>

  constructor(code: FaultCode, message: string, detail: Record<string, unknown> = {}, options?: ErrorOptions) {
    super(message, options)
    this.code = code
    this.detail = detail
  }

  get status(): number {
    return FAULTS[this.code]
  }
}

/** The fault that an error is, or was caused by: libraries wrap what they pass on. */
export function faultIn(error: unknown): Fault | undefined {
  for (let inner = error; inner instanceof Error; inner = inner.cause) if (inner instanceof Fault) return inner
  return undefined
}

export function errorText(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
