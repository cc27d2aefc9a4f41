import { readFileSync } from 'node:fs'
import { Fault } from '../../lib/fault.ts'

/** Names of PEM files, as options give them. */
export interface TlsFiles {
  readonly cafile?: string | undefined
  readonly certfile?: string | undefined
  readonly keyfile?: string | undefined
  /** Takes any certificate. */
  readonly insecure?: boolean | undefined
}

/** What a connection needs of them. Throws `config.invalid`, with the section's name and the detail, when one cannot be read. */
export function readTlsFiles(
  { cafile, certfile, keyfile, insecure }: TlsFiles,
  section: string,
  detail: Readonly<Record<string, unknown>>,
) {
  const read = (option: string, path: string | undefined): Buffer | undefined => {
    if (path === undefined || path === '') return undefined
    try {
      return readFileSync(path)
    } catch (error) {
      const message = `[${section}] ${option}: ${path} cannot be read: ${(error as Error).message}`
      throw new Fault('config.invalid', message, { ...detail, option, path }, { cause: error })
    }
  }
  const ca = read('cafile', cafile)
  const cert = read('certfile', certfile)
  const key = read('keyfile', keyfile)
  return { rejectUnauthorized: insecure !== true, ...(ca && { ca }), ...(cert && { cert }), ...(key && { key }) }
}
