import { type Blamed, FAULTS, type FaultKind } from '../packages/server/src/lib/fault.ts'

const BLAMED: Readonly<Record<Blamed, string>> = {
  caller: 'who asked: the same request fails again',
  scope: 'the data or rules of the scopes that it names: they are tried again later, all others go on',
  batch:
    'this attempt, which perhaps was too big or mixed: it is made smaller, until the scope that fails stands alone',
  source: 'a service that is asked for scopes, usage or identities: everything that needs it waits',
  operator: 'this installation: its configuration, disks or databases; nothing goes on until that is mended',
}

/** The manual of errors as Markdown, from the catalogue. */
export function faultsReference(): string {
  return [
    '# Fault reference',
    '',
    '<!-- Printed by scripts/print-faults-reference.ts from packages/server/src/lib/fault.ts; do not edit. -->',
    '',
    'Everything that callers or operators can meet has a code. The log has the code and the whole message, with paths, addresses',
    'and what an engine said; the caller of the API is told the text below, with the HTTP status. Where there is none, the message',
    'was written for callers, and they are told it as it stands in the log.',
    '',
    '| blamed | that is |',
    '| --- | --- |',
    ...Object.entries(BLAMED).map(([name, text]) => `| ${name} | ${text} |`),
    '',
    '| code | status | blamed | what happened, and what to do | what a caller is told |',
    '| --- | --- | --- | --- | --- |',
    ...Object.entries<FaultKind>(FAULTS).map(
      ([code, { status, blames, publicText, meaning }]) =>
        `| \`${code}\` | ${status} | ${blames} | ${meaning} | ${publicText ?? ''} |`,
    ),
    '',
  ].join('\n')
}
