import { existsSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Started, startCloudtabbyd } from '../cli/run-cloudtabbyd.ts'

/** The one for programs of several threads. */
const FAKETIME = '/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1'
/** A process that was asked to end must be gone by then. */
const END_WITHIN_MS = 20_000
/** A start has succeeded or failed by then. */
const DECIDED_MS = 40_000

/** Undefined where clocks can be skewed; else why not. */
export function whyNoSkew(): string | undefined {
  return existsSync(FAKETIME) ? undefined : 'not installed: faketime; scripts/services/apt-install.sh faketime'
}

export interface MemberOptions {
  readonly args: readonly string[]
  readonly env: Readonly<Record<string, string>>
  /** How wrong its clock is: by so many seconds, or by what a file says that may change meanwhile. */
  readonly skew: number | { readonly file: string }
  /** Whether it may end by itself once it was at work: with a full disk under an embedded store. */
  readonly mayDie: boolean
}

/**
 * One `cloudtabbyd` under a supervisor, as systemd would run it: whenever it ends it is started again. What it must not do
 * is noted as a finding.
 */
export class Member {
  readonly name: string
  readonly findings: string[] = []
  readonly #options: MemberOptions
  #current: Started | undefined
  #ending = false
  /** While it is there nothing is started. */
  #held: Promise<void> | undefined
  #killed = false
  #supervised: Promise<void> = Promise.resolve()

  constructor(name: string, options: MemberOptions) {
    this.name = name
    this.#options = options
  }

  start(): void {
    this.#supervised = this.#supervise()
  }

  /** The address that the API of the process that runs now answers on. */
  get address(): string | undefined {
    return /Answering on (http:\S+?),/.exec(this.#current?.text() ?? '')?.[1]
  }

  /** A process runs now whose stores are open. */
  get isAtWork(): boolean {
    const current = this.#current
    const { exitCode, signalCode } = current?.process ?? {}
    return current !== undefined && exitCode === null && signalCode === null && isAtWork(current)
  }

  /** The process that runs now has begun to rate. */
  get isRating(): boolean {
    return /"rating: /.test(this.#current?.text() ?? '')
  }

  /** SIGKILL; the supervisor starts it again. */
  kill(): void {
    this.#killed = true
    this.#current?.process.kill('SIGKILL')
  }

  /** SIGKILL, and does the work while nothing of it runs; then the supervisor starts it again. */
  async whileDown<T>(work: () => Promise<T>): Promise<T> {
    let release = (): void => {}
    this.#held = new Promise((resolve) => (release = resolve))
    try {
      this.kill()
      await this.#current?.exit()
      return await work()
    } finally {
      this.#held = undefined
      release()
    }
  }

  /** SIGSTOP, and SIGCONT after so long, if it lives that long. */
  async pause(ms: number): Promise<void> {
    const paused = this.#current?.process
    paused?.kill('SIGSTOP')
    await sleep(ms)
    paused?.kill('SIGCONT')
  }

  /** SIGTERM, and waits. One that does not end in good order, or not at all, is a finding. */
  async end(): Promise<void> {
    this.#ending = true
    const process = this.#current?.process
    process?.kill('SIGCONT')
    process?.kill('SIGTERM')
    const cut = setTimeout(() => {
      this.#note(`did not end within ${END_WITHIN_MS} ms of SIGTERM`)
      this.#current?.process.kill('SIGKILL')
    }, END_WITHIN_MS)
    await this.#supervised
    clearTimeout(cut)
  }

  /** For when the round is over in whatever way: nothing is left behind. */
  async discard(): Promise<void> {
    this.#ending = true
    this.#current?.process.kill('SIGKILL')
    await this.#supervised
  }

  /** The last lines that it has printed. */
  tail(lines: number): string {
    return (this.#current?.text() ?? '').trimEnd().split('\n').slice(-lines).join('\n')
  }

  async #supervise(): Promise<void> {
    const { args, env, skew, mayDie } = this.#options
    for (;;) {
      while (this.#held) await this.#held
      if (this.#ending) return
      this.#killed = false
      const current = startCloudtabbyd(args, { ...env, ...skewed(skew) })
      this.#current = current
      const status = await current.exit()
      if (this.#ending) {
        // Before its stores are open a signal ends it as it ends any program.
        if (status !== 143 && isAtWork(current) && !this.#killed) this.#note(`ended with ${status} after SIGTERM`)
        return
      }
      if (!this.#killed && !mayDie && isAtWork(current)) this.#note(`died by itself with ${status}`)
      await sleep(200)
    }
  }

  #note(what: string): void {
    this.findings.push(`${this.name} ${what}:\n${this.tail(30)}`)
  }
}

/** What became of a start, once that is certain; `undecided` after a while that is long enough for it. */
export async function outcomeOf(started: Started): Promise<'at work' | 'ended' | 'undecided'> {
  let ended = false
  void started.exit().then(() => (ended = true))
  const deadline = performance.now() + DECIDED_MS
  for (;;) {
    if (ended) return 'ended'
    if (isAtWork(started)) return 'at work'
    if (performance.now() > deadline) return 'undecided'
    await sleep(20)
  }
}

/** Its stores are open: from then on it must live through their faults. */
function isAtWork(started: Started): boolean {
  return /Answering on |"rating: /.test(started.text())
}

function skewed(by: MemberOptions['skew']): Record<string, string> {
  if (by === 0) return {}
  const clock =
    typeof by === 'number' ? { FAKETIME: skewText(by) } : { FAKETIME_TIMESTAMP_FILE: by.file, FAKETIME_NO_CACHE: '1' }
  return {
    ...clock,
    LD_PRELOAD: FAKETIME,
    FAKETIME_DONT_FAKE_MONOTONIC: '1',
    DONT_FAKE_MONOTONIC: '1',
    NO_FAKE_STAT: '1',
  }
}

/** As faketime reads it, from its variable or its file. */
export function skewText(seconds: number): string {
  return `${seconds < 0 ? '' : '+'}${seconds}s`
}
