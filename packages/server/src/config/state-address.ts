import { resolve } from 'node:path'
import { z } from 'zod'

/** Where state is kept: in a folder, by this process, which then is the only one that has it open; or on a PostgreSQL server. */
export type StateAddress =
  | { readonly kind: 'embedded'; readonly folder: string }
  | { readonly kind: 'postgresql'; readonly url: string }

/** `[state] url`: the one place that reads it. */
export const stateAddress = z.string().transform((text, ctx): StateAddress => {
  if (/^pglite:.+/.test(text)) return { kind: 'embedded', folder: text.slice('pglite:'.length) }
  if (/^postgres(ql)?:\/\/\S+$/.test(text)) return { kind: 'postgresql', url: text }
  ctx.addIssue({ code: 'custom', message: 'expected pglite:FOLDER or postgresql://user:password@host/database' })
  return z.NEVER
})

/** CloudKitty's `[database] connection`, as SQLAlchemy writes it (`postgresql+psycopg2://…`); undefined unless it is PostgreSQL. */
export function fromSqlAlchemy(connection: string): StateAddress | undefined {
  const [scheme] = /^postgres(?:ql)?(?:\+\w+)?:\/\//.exec(connection) ?? []
  return scheme === undefined
    ? undefined
    : { kind: 'postgresql', url: `postgresql://${connection.slice(scheme.length)}` }
}

/** The address, whose folder starts at this one if it is relative. */
export function startingAt(address: StateAddress, cwd: string): StateAddress {
  return address.kind === 'embedded' ? { ...address, folder: resolve(cwd, address.folder) } : address
}

/** As it is written in a file, with its password: not to be shown without `maskAddress`. */
export function formatStateAddress(address: StateAddress): string {
  return address.kind === 'embedded' ? `pglite:${address.folder}` : address.url
}
