import { closeSync, mkdirSync, openSync, writeSync } from 'node:fs'
import { dirname } from 'node:path'

/** What may pass: a full disk, a quota, a reader of a pipe that does not keep up or has gone, an error of the device. */
const PASSING = new Set(['ENOSPC', 'EDQUOT', 'EAGAIN', 'EPIPE', 'EIO', 'EFBIG'])
/** A pipe whose reader does not keep up is waited for so often, so long each time, before a line is dropped. */
const WAITS_MAX = 20
const WAIT_MS = 5

/**
 * Lines to a file, appended, or to a descriptor that is open already, each written before `write` returns. A line that cannot
 * be written is dropped and counted, and whoever writes goes on: a full disk for logs must not stop the service.
 */
export class LineSink implements Disposable {
  readonly #path: string | undefined
  #fd: number | undefined
  #dropped = 0
  /** The last line went out in part. */
  #torn = false
  /** The last line found a reader that does not keep up: the next one does not wait for it. */
  #stalled = false

  /** Makes the file's folder. Throws Node's own error when the file can never be written, as opposed to a full disk. */
  constructor(target: string | number) {
    this.#path = typeof target === 'string' ? target : undefined
    this.#fd = typeof target === 'number' ? target : undefined
    try {
      this.#open()
    } catch (error) {
      if (!isPassing(error)) throw error
    }
  }

  /** Lines that were lost. */
  get dropped(): number {
    return this.#dropped
  }

  /** A line with its line feed. */
  write(line: string): void {
    try {
      this.#open()
      this.#writeAll(Buffer.from(this.#torn ? `\n${line}` : line))
      this.#torn = false
      this.#stalled = false
    } catch {
      this.#dropped++
    }
  }

  /** Closes the file; nothing is written from then on. */
  [Symbol.dispose](): void {
    if (this.#path !== undefined && this.#fd !== undefined) closeSync(this.#fd)
    this.#fd = -1
  }

  /** Opens the file anew with the next line: it was moved away. */
  reopen(): void {
    if (this.#path === undefined || this.#fd === undefined) return
    closeSync(this.#fd)
    this.#fd = undefined
  }

  #open(): void {
    if (this.#fd !== undefined || this.#path === undefined) return
    mkdirSync(dirname(this.#path), { recursive: true })
    this.#fd = openSync(this.#path, 'a')
  }

  #writeAll(bytes: Buffer): void {
    let waits = this.#stalled ? WAITS_MAX : 0
    for (let at = 0; at < bytes.length;) {
      try {
        at += writeSync(this.#fd!, bytes, at)
        this.#torn = at < bytes.length
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') throw error
        if (waits++ >= WAITS_MAX) {
          this.#stalled = true
          throw error
        }
        Atomics.wait(CLOCK, 0, 0, WAIT_MS)
      }
    }
  }
}

const CLOCK = new Int32Array(new SharedArrayBuffer(4))

function isPassing(error: unknown): boolean {
  return PASSING.has((error as NodeJS.ErrnoException).code ?? '')
}
