import type { BatchId } from '../../domain/snapshot.ts'
import { Fault } from '../../lib/fault.ts'
import { EngineError } from './engine-error.ts'

const RETRY_AFTER_SECONDS = 5

/** What a write that DuckDB refused is to who asked for it; other errors as they are. */
export function toWriteFault(error: unknown, path: string): unknown {
  if (!(error instanceof EngineError)) return error
  const message = `could not write ${path}: ${error.message}`
  const options = { cause: error, retryAfterSeconds: RETRY_AFTER_SECONDS }
  return new Fault('storage.write_failed', message, { file: path }, options)
}

/** What a question that DuckDB did not answer is to who asked it; other errors as they are. */
export function toReadFault(error: unknown, path: string): unknown {
  if (!(error instanceof EngineError)) return error
  const message = `could not read ${path}: ${error.message}`
  const publicText = PUBLIC_TEXTS[error.kind]
  const options = { cause: error, publicText, retryAfterSeconds: RETRY_AFTER_SECONDS }
  return new Fault('storage.unavailable', message, { file: path }, options)
}

const PUBLIC_TEXTS: Partial<Record<EngineError['kind'], string>> = {
  memory: 'There is not enough memory for this question at the moment. Ask for less, or again later.',
  interrupted: 'The question was stopped to let something be stored. Ask again.',
}

/** The file was opened anew after a commit that failed, and holds a part of what was written. */
export function tornFault(batch: BatchId, { rows, found }: { readonly rows: number; readonly found: number }): Fault {
  return new Fault(
    'storage.incomplete',
    `after a commit that failed the points store has ${found} of ${rows} rows that were written for batch ${batch}`,
    { batch, rows, found },
    { retryAfterSeconds: RETRY_AFTER_SECONDS },
  )
}

/** After a commit that failed nobody could tell what the file holds. */
export function unknownFault(cause: EngineError, path: string): Fault {
  const message = `could not write ${path}, nor find out after a commit that failed what of it is there: ${cause.message}`
  return new Fault('storage.incomplete', message, { file: path }, { cause, retryAfterSeconds: RETRY_AFTER_SECONDS })
}
