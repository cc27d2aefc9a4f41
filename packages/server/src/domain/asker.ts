/** A request's header by name, in any letter case; undefined when it is absent. */
export type HeaderReader = (name: string) => string | undefined

/** Where a request comes from, of which nobody knows yet who sent it. */
export interface Asker {
  /** The client's address; the empty text when it is not known. */
  readonly address: string
  /**
   * Counts one unproved claim of this address, before work is done for it. 0 when it may be looked at, else the seconds until
   * it may.
   */
  take(): number
  /** Takes it back: the claim was true. */
  giveBack(): void
}
