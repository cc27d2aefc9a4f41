import { errorText, Fault, isQueryError } from '../lib/fault.ts'

/** Characters of a message or statement, frames of a stack, and errors of a chain of causes that a log line holds. */
const TEXT_MAX = 2000
const FRAMES_MAX = 20
const CAUSES_MAX = 5

/**
 * An error as it is logged: of a fault its code and detail, of any other its stack; the causes inside. Never the parameters of
 * a statement, nor a row that a database refused, which may be anybody's data and megabytes of it.
 */
export function errorRecord(error: unknown, depth = 1): object {
  if (!(error instanceof Error)) return { message: cut(String(error)) }
  const inner = error.cause === undefined || depth >= CAUSES_MAX ? {} : { cause: errorRecord(error.cause, depth + 1) }
  if (error instanceof Fault) {
    const { code, message, detail, scopeIds } = error
    return { code, message, detail, ...(scopeIds.length > 0 && { scopeIds }), ...inner }
  }
  const { code } = error as { code?: unknown }
  return {
    type: error.name === 'Error' ? error.constructor.name : error.name,
    ...(typeof code === 'string' && { code }),
    message: cut(errorText(error)),
    // Placeholders stand in it where the parameters were.
    ...(isQueryError(error) && { query: cut(error.query) }),
    stack: framesOf(error),
    ...inner,
  }
}

function framesOf({ stack = '', message }: Error): string {
  // The stack begins with the message, which may have lines that look like frames.
  const at = stack.indexOf(message)
  const frames = at < 0 ? stack : stack.slice(at + message.length)
  return frames
    .split('\n')
    .filter((line) => /^ {2,}at /.test(line))
    .slice(0, FRAMES_MAX)
    .map((line) => line.trim())
    .join('\n')
}

function cut(text: string): string {
  return text.length <= TEXT_MAX ? text : `${text.slice(0, TEXT_MAX)}...`
}
