/** One thing that is wrong in the configuration. It never holds a secret. */
export interface ConfigFault {
  /** `/etc/cloudkitty/cloudkitty.conf:12`, or the environment variable. */
  readonly where: string
  /** `[api] port`, or `metrics.cpu[1].groupby[0]`; empty for a fault of the file itself. */
  readonly path: string
  readonly reason: string
}

export function formatFault({ where, path, reason }: ConfigFault): string {
  return path === '' ? `${where}: ${reason}` : `${where} ${path}: ${reason}`
}

/** By file, in the order in which the files first appear, and then by line. */
export function inOrder(faults: readonly ConfigFault[]): ConfigFault[] {
  const parts = faults.map((fault) => {
    const [, file = '', line = '0'] = /^(.*?)(?::(\d+))?$/s.exec(fault.where) ?? []
    return { fault, file, line: Number(line) }
  })
  const files = [...new Set(parts.map(({ file }) => file))]
  return parts
    .toSorted((a, b) => files.indexOf(a.file) - files.indexOf(b.file) || a.line - b.line)
    .map(({ fault }) => fault)
}

/** Secrets that stand in addresses: `scheme://user:secret@host`. */
export function maskAddress(text: string): string {
  return text.replace(/(\/\/[^/@:\s]*):[^@\s]{0,1000}@/g, '$1:***@')
}
