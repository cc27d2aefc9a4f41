import { X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { createSecureContext } from 'node:tls'
import { Fault } from '../../lib/fault.ts'

/** Names of PEM files, as options give them. */
export interface TlsFiles {
  readonly cafile?: string | undefined
  readonly certfile?: string | undefined
  readonly keyfile?: string | undefined
  /** Takes any certificate. */
  readonly insecure?: boolean | undefined
}

/** What a connection needs of them. Throws `config.invalid`, with the section's name and the detail, when one cannot be read or used. */
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
  const refuse = (option: string, path: string | undefined, cause: unknown, reason: string): never => {
    throw new Fault(
      'config.invalid',
      `[${section}] ${option}: ${path} ${reason}`,
      { ...detail, option, path },
      { cause },
    )
  }
  const ca = read('cafile', cafile)
  const cert = read('certfile', certfile)
  const key = read('keyfile', keyfile)
  for (const [option, path, pem] of [['cafile', cafile, ca] as const, ['certfile', certfile, cert] as const]) {
    // OpenSSL takes a file without any certificate, a key for instance, and then trusts nobody.
    try {
      void (pem && new X509Certificate(pem))
    } catch (error) {
      refuse(option, path, error, 'holds no certificate in PEM')
    }
  }
  try {
    if (cert ?? key) createSecureContext({ ...(cert && { cert }), ...(key && { key }) })
  } catch (error) {
    refuse('keyfile', keyfile ?? certfile, error, `cannot be used with that certificate: ${(error as Error).message}`)
  }
  return { rejectUnauthorized: insecure !== true, ...(ca && { ca }), ...(cert && { cert }), ...(key && { key }) }
}
