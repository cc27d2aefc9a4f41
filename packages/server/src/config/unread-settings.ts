import type { z } from 'zod'
import { KEYSTONEAUTH_OLD_NAMES } from '../sources/keystone/keystoneauth-options.ts'
import { nearest } from '../lib/nearest.ts'
import { ownValue } from '../lib/own-value.ts'
import { IGNORED_KEYSTONEAUTH_OPTIONS, IGNORED_OPTIONS } from './ignored-options.ts'
import { kindOf, KINDS, type PluginTables, sectionOf } from './plugin-kinds.ts'
import { COMMENT_HINT, holdsComment, OLD_NAMES } from './read-section.ts'
import { optionMeta, unknownKey } from './schema-faults.ts'
import type { Setting, Settings } from './settings.ts'

/**
 * What is written but not read: options that are ignored on purpose (notices, one for each reason), and sections and options
 * that nobody knows (warnings, with the known name that was meant, probably). Sections of plugins that were not chosen are
 * left alone.
 */
export function toNotices(
  settings: Settings,
  shapes: ReadonlyMap<string, Readonly<Record<string, z.ZodType>>>,
  tables: PluginTables,
): { warnings: string[]; notices: string[] } {
  const unchosen = KINDS.flatMap((kind) =>
    [...Object.keys(tables[kind]), ...(kindOf(kind).upstream ?? [])].map((name) => sectionOf(kind, name)),
  )
  const known = [...shapes.keys(), ...Object.keys(IGNORED_OPTIONS), ...unchosen]
  const authSections = new Set(
    settings.sectionNames().flatMap((name) => settings.get(name, 'auth_section')?.text.trim().toLowerCase() ?? []),
  )
  const warnings: string[] = []
  const ignored = new Map<string, { where: string; section: string; options: string[]; reason: string }>()
  const ignore = ({ where, section, option }: Setting, reason: string) => {
    const key = `${section}\n${reason}`
    if (!ignored.has(key)) ignored.set(key, { where, section, options: [], reason })
    ignored.get(key)!.options.push(option)
  }

  for (const section of settings.sectionNames()) {
    const shape = shapes.get(section)
    const reasons = ownValue(IGNORED_OPTIONS, section)
    if (!shape && !reasons) {
      if (authSections.has(section) || unchosen.includes(section)) continue
      const meant = nearest(section, known)
      warnings.push(
        `${settings.whereSection(section)} [${section}] is an unknown section${meant ? `; did you mean [${meant}]?` : ''}`,
      )
      continue
    }
    for (const setting of settings.options(section)) {
      const { option, where } = setting
      const keystone = shape !== undefined && 'auth_section' in shape
      const schema = ownValue(shape, option)
      if (schema && holdsComment(setting) && !optionMeta(schema).secret) {
        warnings.push(`${where} [${section}] ${option}: ${COMMENT_HINT}`)
      }
      const old = ownValue(OLD_NAMES[section], option) ?? (keystone && ownValue(KEYSTONEAUTH_OLD_NAMES, option))
      if (schema || old) continue
      const session = keystone ? ownValue(IGNORED_KEYSTONEAUTH_OPTIONS, option) : undefined
      const reason = ownValue(reasons, option) ?? session ?? reasons?.['*']
      if (reason !== undefined) ignore(setting, reason)
      // An auth section may hold options for other programs' plugins.
      else if (!authSections.has(section)) {
        warnings.push(`${where} [${section}] ${option} ${unknownKey(option, Object.keys(shape ?? {}), 'option')}`)
      }
    }
  }
  const notices = [...ignored.values()].map(({ where, section, options, reason }) => {
    const whole = ownValue(IGNORED_OPTIONS, section)?.['*'] === reason && !shapes.has(section)
    return `${where} [${section}]${whole ? '' : ` ${options.join(', ')}`} ${whole || options.length === 1 ? 'is' : 'are'} ignored: ${reason}`
  })
  return { warnings, notices }
}
