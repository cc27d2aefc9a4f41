/** What no caller may be told: where things lie on this machine or its network, statements, the words of an engine. */
const LEAKS: Readonly<Record<string, RegExp>> = {
  path: /\/(?:etc|var|tmp|home|root|usr|opt|work|data|proc|srv|mnt)\/[\w.-]/,
  file: /\b[\w-]+\.(?:duckdb|wal|ts|mjs)\b/,
  address: /\b\d{1,3}(?:\.\d{1,3}){3}\b|\bhttps?:\/\/|\blocalhost\b/,
  statement:
    /\b(?:SELECT|INSERT INTO|UPDATE|DELETE FROM|CREATE TABLE)\b[\s\S]{0,300}\b(?:FROM|WHERE|VALUES|SET|JOIN)\b/,
  engine:
    /\b(?:Parser|Binder|Catalog|Conversion|IO|Out of Memory|Internal|Constraint|TransactionContext) Error\b|DB::Exception|\bCode: \d|PGlite|drizzle|Failed query|relation "|SQLSTATE|syntax error at|node:internal|\bE(?:CONN[A-Z]+|NOENT|ACCES|NOSPC)\b/,
  stack: /\n\s+at \S/,
}

/** What an answer tells that is not for callers; undefined when there is nothing. What was sent may be repeated. */
export function leakIn(answer: string, sent: readonly string[] = []): string | undefined {
  let text = answer
  for (const part of sent) if (part !== '') text = text.replaceAll(part, '')
  for (const [what, leak] of Object.entries(LEAKS)) {
    const found = leak.exec(text)
    if (found) return `${what}: ${text.slice(Math.max(0, found.index - 40), found.index + 80)}`
  }
  return undefined
}
