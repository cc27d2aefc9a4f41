/** One `option = value` of a file. */
interface IniEntry {
  /** `DEFAULT`, or the name in lower case: oslo.config does not mind the letter case of sections. */
  readonly section: string
  /** Hyphens read as underscores: keystoneauth's options are written both ways. */
  readonly option: string
  /** Lines of a long value are joined by a line feed. Substitutions are not made yet. */
  readonly text: string
  readonly line: number
}

interface IniFault {
  readonly line: number
  readonly reason: string
}

export interface Ini {
  /** In the order of the file; an option that stands there twice is listed twice. */
  readonly entries: readonly IniEntry[]
  readonly sections: readonly { readonly name: string; readonly line: number }[]
  readonly faults: readonly IniFault[]
}

/**
 * Reads a file as oslo.config does (oslo_config/iniparser.py): `=` or `:` (whichever comes first) between option and
 * value; a line that begins with a blank continues the value; an empty line ends it; `#` and `;` begin a comment only at the
 * start of a line; one pair of quotes around the first line's value is taken off. Where oslo.config stops at
 * the first fault, this goes on, so that all faults of a file are known at once.
 */
export function parseIni(text: string): Ini {
  const entries: IniEntry[] = []
  const sections: { name: string; line: number }[] = []
  const faults: IniFault[] = []
  let section: string | undefined
  /** After a section line that cannot be read: what follows belongs to nothing we know, and is not a fault of its own. */
  let lost = false
  let open: { option: string | undefined; lines: string[]; line: number } | undefined

  const close = () => {
    if (open?.option !== undefined && section !== undefined) {
      entries.push({ section, option: open.option, text: open.lines.join('\n'), line: open.line })
    }
    open = undefined
  }

  for (const [index, raw] of text
    .replace(/^\uFEFF/, '')
    .split(/\r\n|\n|\r/)
    .entries()) {
    const number = index + 1
    const line = raw.trimEnd()
    if (line.startsWith(' ') || line.startsWith('\t')) {
      if (open) open.lines.push(line.trimStart())
      else faults.push({ line: number, reason: 'an indented line continues a value, but there is none before it' })
      continue
    }
    close()
    if (line === '' || line.startsWith('#') || line.startsWith(';')) continue
    if (line.startsWith('[')) {
      lost = !line.endsWith(']') || line.length <= 2
      section = lost ? undefined : sectionName(line.slice(1, -1))
      if (section !== undefined) sections.push({ name: section, line: number })
      else
        faults.push({
          line: number,
          reason: 'expected [section]: a name between square brackets, and nothing after them',
        })
      continue
    }
    const assignment = splitAssignment(line)
    if (!assignment) faults.push({ line: number, reason: "expected 'option = value', found neither '=' nor ':'" })
    else if (!assignment.option) faults.push({ line: number, reason: 'there is no option name before the value' })
    else if (section === undefined && !lost) {
      faults.push({ line: number, reason: `option ${assignment.option} stands before the first [section]` })
    }
    // A line that cannot be used still takes the lines that continue it with it.
    open = { option: assignment?.option || undefined, lines: [assignment?.value ?? ''], line: number }
  }
  close()
  return { entries, sections, faults }
}

/** oslo.config compares section names without regard to letter case. */
export function sectionName(text: string): string {
  const name = text.trim().toLowerCase()
  return name === 'default' ? 'DEFAULT' : name
}

export function optionName(text: string): string {
  return text.trim().replaceAll('-', '_')
}

function splitAssignment(line: string): { option: string; value: string } | undefined {
  const end = line.search(/[=:]/)
  if (end < 0) return undefined
  const value = line.slice(end + 1).trim()
  const quoted = (value.startsWith('"') || value.startsWith("'")) && value.at(-1) === value[0]
  return { option: optionName(line.slice(0, end)), value: quoted ? value.slice(1, -1) : value }
}
