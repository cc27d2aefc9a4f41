import { stat } from 'node:fs/promises'
import { errorText } from '../lib/fault.ts'
import { NotUtf8, readText } from '../lib/read-text.ts'

/** No metrics file is that large. */
const SIZE_MAX = 16 * 1024 * 1024

/** Equal as long as the file is the same, in all likelihood. */
export async function fingerprint(path: string): Promise<string> {
  try {
    const { mtimeNs, ctimeNs, size, ino } = await stat(path, { bigint: true })
    return `${mtimeNs}/${ctimeNs}/${size}/${ino}`
  } catch (error) {
    return (error as NodeJS.ErrnoException).code ?? String(error)
  }
}

/** The file's text, or why there is none. */
export async function readMetricsText(path: string): Promise<{ readonly text: string } | { readonly reason: string }> {
  try {
    const { size } = await stat(path)
    if (size > SIZE_MAX) return { reason: `larger than ${SIZE_MAX} bytes` }
    return { text: await readText(path) }
  } catch (error) {
    return { reason: error instanceof NotUtf8 ? error.message : `cannot be read: ${errorText(error)}` }
  }
}
