/**
 * Whom a fault is laid to, which decides what a processor does about it:
 *
 * - `caller`: who asked; the same request fails again.
 * - `scope`: the data or rules of the scopes that it names; they back off, all others go on.
 * - `batch`: this attempt, which perhaps was too big or mixed; it is made smaller until the scope that fails stands alone.
 * - `source`: a service that is asked for scopes, usage or identities; everything that needs it waits.
 * - `operator`: this installation: its configuration, disks, databases; nothing goes on until that is mended.
 */
export type Blamed = 'caller' | 'scope' | 'batch' | 'source' | 'operator'

export interface FaultKind {
  /** The HTTP status that it answers with. */
  readonly status: number
  readonly blames: Blamed
  /**
   * What a caller of the API is told: never paths, addresses, SQL or the words of an engine, which are for the log.
   * `AS_WRITTEN`: the message of each such fault is written for callers.
   */
  readonly publicText: string | typeof AS_WRITTEN
  /** What happened and what to do: the manual of errors, docs/reference/faults.md, is made of it. */
  readonly meaning: string
}

const AS_WRITTEN = null

/** Everything that callers or operators can meet. After a change: `npx tsx scripts/print-faults-reference.ts`. */
export const FAULTS = {
  'config.invalid': {
    status: 500,
    blames: 'operator',
    publicText: 'The service is not configured for this.',
    meaning: 'A configuration file cannot be used; the detail lists every fault in it. Mend the file and start again.',
  },
  'api.cannot_listen': {
    status: 500,
    blames: 'operator',
    publicText: 'The service cannot listen.',
    meaning: "The API's address or port cannot be taken; the message says why and which option to set.",
  },
  'state.locked': {
    status: 500,
    blames: 'operator',
    publicText: 'Another process uses the stores.',
    meaning: 'Another process uses the embedded stores. Stop it, or use its API.',
  },
  'state.unwritable': {
    status: 500,
    blames: 'operator',
    publicText: 'The service cannot write to its stores.',
    meaning: 'The folder or file of an embedded store cannot be written.',
  },
  'state.not_durable': {
    status: 500,
    blames: 'operator',
    publicText: 'The service cannot keep what it is told.',
    meaning:
      'Embedded state would not put commits on disk, though it was asked to. Install the version of PGlite that package-lock.json names, or set `[state] durability`.',
  },
  'state.unavailable': {
    status: 503,
    blames: 'operator',
    publicText: 'The state database cannot be asked at the moment.',
    meaning:
      'The database that holds state does not answer. Ask again when it is back; a change that was under way may have been made.',
  },
  'state.older_than_points': {
    status: 500,
    blames: 'operator',
    publicText: "The service's stores do not belong together.",
    meaning:
      'The points store holds batches that state does not know: state came back from an older copy than the points, or the two do not belong together. docs/operating/backup.md says what to do.',
  },
  'points.older_than_state': {
    status: 500,
    blames: 'operator',
    publicText: "The service's stores do not belong together.",
    meaning:
      'The points store is another one than state belongs to, or lacks batches that count: its path is wrong, its file or its write-ahead log was deleted or cut, or it came back from an older copy than state. Set the right path, restore a backup, or let `cloudtabbyd reconcile --points-lost` mark what is gone as not rated: docs/operating/backup.md.',
  },
  'state.fenced': {
    status: 503,
    blames: 'batch',
    publicText: 'Another process has taken this over; nothing of it was kept. Send it again.',
    meaning:
      'This process lost its lease on a scope, a push or an import; what it wrote is discarded. Another one goes on with the scope.',
  },
  'storage.out_of_range': {
    status: 400,
    blames: 'scope',
    publicText: AS_WRITTEN,
    meaning: 'A quantity or price does not fit DECIMAL(38,18).',
  },
  'storage.write_failed': {
    status: 503,
    blames: 'operator',
    publicText: 'The data could not be stored, and nothing of it was kept. Send it again later.',
    meaning:
      'The points store could not write, for instance because the disk is full or there was not enough memory; the message says why. Nothing of the batch is visible: it may be sent again.',
  },
  'storage.incomplete': {
    status: 503,
    blames: 'operator',
    publicText: 'The data could not be stored whole, and nothing of it was kept. Send it again later.',
    meaning:
      'The points store has not all of a batch, or more than that, though it took it without an error. Nothing of the batch is visible: it may be sent again. If it stays so, look for what the log says of the points store.',
  },
  'storage.series_collision': {
    status: 409,
    blames: 'batch',
    publicText: AS_WRITTEN,
    meaning:
      'Two series with different identities have the same 64-bit id; the batch is refused. Rename an attribute of one.',
  },
  'storage.newer_version': {
    status: 500,
    blames: 'operator',
    publicText: 'The stored usage cannot be read by this version of the service.',
    meaning: 'A newer version of this program has written the points store. Install that version, or restore a backup.',
  },
  'storage.unavailable': {
    status: 503,
    blames: 'operator',
    publicText: 'The stored usage cannot be read at the moment.',
    meaning: 'The points store could not answer.',
  },
  'backup.not_embedded': {
    status: 400,
    blames: 'operator',
    publicText: 'This service does not make backups of its stores.',
    meaning:
      'Backup and restore are of the embedded stores; servers have means of their own: docs/operating/backup.md.',
  },
  'backup.folder': {
    status: 400,
    blames: 'operator',
    publicText: 'The folder for the backup cannot be used.',
    meaning: 'The folder for the backup is there already, or cannot be made. Name another one.',
  },
  'backup.failed': {
    status: 500,
    blames: 'operator',
    publicText: 'The backup could not be made.',
    meaning: 'The backup could not be written, for instance because the disk is full. Nothing of it is left.',
  },
  'backup.invalid': {
    status: 400,
    blames: 'operator',
    publicText: 'The backup cannot be used.',
    meaning: 'The folder holds no backup, or one that is not whole, or was changed since. Nothing was touched.',
  },
  'backup.newer_version': {
    status: 400,
    blames: 'operator',
    publicText: 'A newer version of the service has made the backup.',
    meaning: 'A newer version of this program has made the backup. Install that version.',
  },
  'backup.stores_exist': {
    status: 409,
    blames: 'operator',
    publicText: 'There are stores already.',
    meaning: 'There are stores already where the backup would go. `--force` moves them aside.',
  },
  'collect.unreachable': {
    status: 502,
    blames: 'source',
    publicText: 'The source of usage cannot be reached at the moment.',
    meaning: 'The source could not be reached. The period stays unrated and is tried again.',
  },
  'collect.timeout': {
    status: 504,
    blames: 'batch',
    publicText: 'The source of usage did not answer in time.',
    meaning: 'The source did not answer in time. The period stays unrated and is tried again.',
  },
  'collect.rejected': {
    status: 502,
    blames: 'batch',
    publicText: 'The source of usage refused the question.',
    meaning: 'The source refused the question. The period stays unrated and is tried again.',
  },
  'collect.overloaded': {
    status: 503,
    blames: 'batch',
    publicText: 'The source of usage is too busy at the moment.',
    meaning: 'The source is too busy for the question (HTTP 429 or 503). The period stays unrated and is tried again.',
  },
  'collect.invalid_answer': {
    status: 502,
    blames: 'batch',
    publicText: 'The answer of the source of usage cannot be used.',
    meaning: "The source's answer cannot be understood, or has a value that cannot be rated (NaN, Inf).",
  },
  'collect.too_large': {
    status: 502,
    blames: 'batch',
    publicText: 'The answer of the source of usage is too large.',
    meaning:
      "The source's answer is larger than is taken, or than the source itself permits, for the smallest possible question.",
  },
  'fetch.failed': {
    status: 502,
    blames: 'source',
    publicText: 'The list of scopes cannot be fetched at the moment.',
    meaning: 'The list of scopes could not be fetched. Known scopes are rated all the same.',
  },
  'rating.failed': {
    status: 500,
    blames: 'scope',
    publicText: 'The usage cannot be priced by the rules as they stand.',
    meaning: 'A rating module cannot price a point; the period stays unrated until the data or the rules are mended.',
  },
  'rating.module_missing': {
    status: 500,
    blames: 'operator',
    publicText: 'The usage cannot be priced at the moment.',
    meaning:
      'State says that a rating module is on which this process does not have. Nothing is rated until it is named in `[rating] modules`, or switched off with `PUT /v2/rating/modules/NAME`.',
  },
  'import.invalid': {
    status: 400,
    blames: 'caller',
    publicText: AS_WRITTEN,
    meaning: 'A line or field of an imported file is wrong; nothing of the file was taken.',
  },
  'request.invalid': { status: 400, blames: 'caller', publicText: AS_WRITTEN, meaning: 'The request is malformed.' },
  'request.not_found': { status: 404, blames: 'caller', publicText: AS_WRITTEN, meaning: 'There is no such thing.' },
  'request.conflict': {
    status: 409,
    blames: 'caller',
    publicText: AS_WRITTEN,
    meaning: 'It exists already, or stands in the way of what exists.',
  },
  'request.not_allowed': {
    status: 405,
    blames: 'caller',
    publicText: AS_WRITTEN,
    meaning: 'The operation cannot be done on this, whatever is sent.',
  },
  'request.not_acceptable': {
    status: 406,
    blames: 'caller',
    publicText: AS_WRITTEN,
    meaning: 'The client accepts no JSON.',
  },
  'request.too_large': {
    status: 413,
    blames: 'caller',
    publicText: AS_WRITTEN,
    meaning: 'The body is longer than this service takes. Send it in parts.',
  },
  'request.too_slow': {
    status: 408,
    blames: 'caller',
    publicText: AS_WRITTEN,
    meaning: 'The client stopped sending in the middle of the body. Send it again.',
  },
  'request.too_many': {
    status: 429,
    blames: 'caller',
    publicText: AS_WRITTEN,
    meaning:
      'The client asks more often than `[api] rate_limit_per_second` allows, or has more questions waiting than `max_waiting_questions`; Retry-After says when it may ask again.',
  },
  'request.busy': {
    status: 503,
    blames: 'caller',
    publicText: AS_WRITTEN,
    meaning:
      'As many questions of all clients wait as may (`[api] max_waiting_of_all`). Ask again after Retry-After; if it comes again and again, look in the log for who asks so much, or start more API processes.',
  },
  'request.unsupported_type': {
    status: 415,
    blames: 'caller',
    publicText: AS_WRITTEN,
    meaning: "The body's content type is not one that the operation reads.",
  },
  'request.timeout': {
    status: 503,
    blames: 'caller',
    publicText: AS_WRITTEN,
    meaning: 'The answer took longer than this service lets a request last. Ask for less.',
  },
  'auth.unauthenticated': { status: 401, blames: 'caller', publicText: AS_WRITTEN, meaning: 'No or no valid token.' },
  'policy.forbidden': { status: 403, blames: 'caller', publicText: AS_WRITTEN, meaning: 'The policy forbids it.' },
  'auth.unavailable': {
    status: 503,
    blames: 'source',
    publicText: 'The identity service cannot be asked at the moment.',
    meaning: 'Keystone does not answer.',
  },
} as const satisfies Record<string, FaultKind>

export type FaultCode = keyof typeof FAULTS

export interface FaultOptions extends ErrorOptions {
  /** What a caller of the API is told, where that is more than the catalogue's text for the code. */
  readonly publicText?: string | undefined
  /** The scopes whose data or rules are the reason; all others can go on without them. */
  readonly scopeIds?: readonly string[]
  /** Faults that were found together and are thrown as this one: each names scopes of its own. */
  readonly parts?: readonly Fault[]
  /** When the same may be tried again, in seconds: the header Retry-After of an answer. */
  readonly retryAfterSeconds?: number | undefined
  /** How the caller may prove who it is: the header WWW-Authenticate of an answer. */
  readonly challenge?: string | undefined
}

/** An error that its reader can do something about. */
export class Fault extends Error {
  override readonly name = 'Fault'
  readonly code: FaultCode
  /** What a caller of the API is told; `message` is for operators, unless the catalogue says that callers read it as written. */
  readonly publicText: string
  /** More for the log. Never holds secrets; no program decides by it, hence no type. */
  readonly detail: object
  readonly scopeIds: readonly string[]
  readonly parts: readonly Fault[]
  readonly retryAfterSeconds: number | undefined
  readonly challenge: string | undefined

  constructor(code: FaultCode, message: string, detail: object = {}, options: FaultOptions = {}) {
    super(message, options)
    this.code = code
    this.detail = detail
    this.publicText = options.publicText ?? FAULTS[code].publicText ?? message
    this.scopeIds = options.scopeIds ?? []
    this.parts = options.parts ?? []
    this.retryAfterSeconds = options.retryAfterSeconds
    this.challenge = options.challenge
  }

  get status(): number {
    return FAULTS[this.code].status
  }

  get blames(): Blamed {
    return FAULTS[this.code].blames
  }

  /** What of this is said of a scope: its part, where there are several. */
  ofScope(scopeId: string): Fault {
    return this.parts.find((part) => part.scopeIds.includes(scopeId)) ?? this
  }

  /**
   * This fault as it is passed on by who knows more: `detail` is added to its own, scopes and Retry-After stay, and it is the
   * cause of the new one. What callers are told stays while the code does.
   */
  passedOn(code: FaultCode, message: string, detail: object = {}, options: Pick<FaultOptions, 'scopeIds'> = {}): Fault {
    const { retryAfterSeconds, challenge } = this
    return new Fault(
      code,
      message,
      { ...this.detail, ...detail },
      {
        cause: this,
        retryAfterSeconds,
        challenge,
        scopeIds: this.scopeIds.length > 0 ? this.scopeIds : (options.scopeIds ?? []),
        ...(code === this.code && this.publicText !== this.message ? { publicText: this.publicText } : {}),
      },
    )
  }
}

/** The fault that an error is, or was caused by: libraries wrap what they pass on. */
export function faultIn(error: unknown): Fault | undefined {
  for (let inner = error; inner instanceof Error; inner = inner.cause) if (inner instanceof Fault) return inner
  return undefined
}

/** What an error says, without the parameters of a query that failed: they may be anybody's. */
export function errorText(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  return isQueryError(error) && error.cause !== undefined ? `a query failed: ${errorText(error.cause)}` : error.message
}

/** As drizzle wraps what a database says: its message has the statement and all parameters. */
export function isQueryError(error: Error): error is Error & { readonly query: string } {
  return 'query' in error && typeof error.query === 'string' && 'params' in error
}
