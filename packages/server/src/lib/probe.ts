/**
 * A question to a service that a part of the program stands on, which shows that it answers and lets us in. It changes nothing
 * there, makes nothing here, and takes nothing from a service of ours that is running.
 */
export interface Probe {
  /** Who is asked, for people: `http://prometheus:9090/api/v1`. */
  readonly asks: string
  /**
   * Ends when it was answered, with what is worth saying of the answer, if anything; throws a `Fault` when not, in time for the
   * signal where it can.
   */
  run(signal: AbortSignal): Promise<string | undefined>
}
