import type { z } from 'zod'
import { IGNORED_OPTIONS } from '../packages/server/src/config/ignored-options.ts'
import { SECTIONS } from '../packages/server/src/config/options.ts'
import { optionMeta, shapeOf } from '../packages/server/src/config/schema-faults.ts'
import { KINDS, sectionOf } from '../packages/server/src/config/plugin-kinds.ts'
import { PLUGINS } from '../packages/server/src/wiring/plugins.ts'

/** The reference of all sections and options as Markdown, from the schemas that read them. */
export async function configReference(): Promise<string> {
  const sections: [string, z.ZodType][] = Object.entries<z.ZodType>(SECTIONS)
  for (const kind of KINDS) {
    for (const load of Object.values(PLUGINS[kind])) {
      const { name, options } = await load()
      // A rating module's section has no prefix: one without options would only puzzle.
      if (kind !== 'rating' || Object.keys(shapeOf(options) ?? {}).length > 0)
        sections.push([sectionOf(kind, name), options])
    }
  }
  return [
    '# Configuration reference',
    '',
    '<!-- Printed by scripts/print-config-reference.ts from the schemas; do not edit. -->',
    '',
    '`cloudkitty.conf` is an INI file by oslo.config’s rules. `--config-file` and `--config-dir` (its `*.conf`, sorted) may be',
    'given several times, and later ones win; without them `~/.cloudkitty/`, `~/`, `/etc/cloudkitty/` and `/etc/` are searched for',
    '`cloudkitty.conf` and the folder `cloudkitty.conf.d`. The environment wins over files: `OS_<SECTION>__<OPTION>`, for instance',
    '`OS_API__PORT=8890`. `$name`, `${name}` and `${section.name}` stand for the values of other options, `$$` for a dollar sign.',
    'Lists are separated by commas; dictionaries are `key:value,key:value`. Relative paths start at the working directory.',
    'Options that talk to Keystone may be put into another section, which `auth_section` then names.',
    '',
    ...sections.flatMap(([name, schema]) => section(name, schema)),
    '## Ignored on purpose',
    '',
    'CloudKitty and its libraries know these; here they have no effect, and are listed once at start.',
    '',
    '| section | option | why |',
    '| --- | --- | --- |',
    ...Object.entries(IGNORED_OPTIONS).flatMap(([name, options]) => ignored(name, options)),
    '',
  ].join('\n')
}

function section(name: string, schema: z.ZodType): string[] {
  const options = Object.entries(shapeOf(schema) ?? {})
  if (options.length === 0) return [`## [${name}]`, '', 'No options.', '']
  return [
    `## [${name}]`,
    '',
    '| option | default | meaning |',
    '| --- | --- | --- |',
    ...options.map(([option, optionSchema]) => {
      const meta = optionMeta(optionSchema)
      const fallback = meta.default === undefined ? (meta.required ? '*required*' : '–') : code(meta.default)
      return `| \`${option}\` | ${fallback} | ${cell(meta.description)}${meta.secret ? ' (secret)' : ''} |`
    }),
    '',
  ]
}

function ignored(name: string, options: Readonly<Record<string, string>>): string[] {
  const byReason = new Map<string, string[]>()
  for (const [option, reason] of Object.entries(options))
    byReason.set(reason, [...(byReason.get(reason) ?? []), option])
  return [...byReason].map(([reason, names]) => {
    const all = Object.hasOwn(SECTIONS, name) ? 'all others' : 'all'
    return `| \`[${name}]\` | ${names.map((option) => (option === '*' ? all : `\`${option}\``)).join(', ')} | ${cell(reason)} |`
  })
}

function code(text: string): string {
  return text === '' ? 'empty' : `\`${cell(text)}\``
}

function cell(text: string): string {
  return text.replaceAll('|', String.raw`\|`).replaceAll('\n', ' ')
}
