import type { Options } from '../config/options.ts'

/** Where a client on this machine reaches the API; `port` is the one that was taken, where the configured one is 0. */
export function apiAddress({ host }: Options['api'], port: number): string {
  const bare = host.replace(/^\[|\]$/g, '')
  const reached = EVERYWHERE[bare] ?? bare
  return `http://${reached.includes(':') ? `[${reached}]` : reached}:${port}`
}

/** Who listens on all addresses is asked at one of them. */
const EVERYWHERE: Readonly<Record<string, string>> = { '0.0.0.0': '127.0.0.1', '::': '::1' }

/** A text as one word of a POSIX shell. */
export function shellWord(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", String.raw`'\''`)}'`
}
