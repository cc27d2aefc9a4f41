import { resolve } from 'node:path'
import type { z } from 'zod'
import { AUTHTOKEN_OLD_NAMES } from '../auth/keystone/authtoken-options.ts'
import { KEYSTONEAUTH_OLD_NAMES, keystoneauthOptions } from '../sources/keystone/keystoneauth-options.ts'
import { ownValue } from '../lib/own-value.ts'
import type { ConfigFault } from './config-fault.ts'
import { accepts, parseSafely } from './parse-safely.ts'
import { optionMeta, shapeOf, toSchemaFaults } from './schema-faults.ts'
import type { DefaultText, Setting, Settings } from './settings.ts'

/** Names of options under which other versions of CloudKitty, kolla-ansible and Puppet still write them. */
export const OLD_NAMES: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  api: { host_ip: 'host' },
  keystone_authtoken: AUTHTOKEN_OLD_NAMES,
}

/** Options that say how to connect rather than who we are: a section keeps its own, `auth_section` or not. */
const SESSION_OPTIONS = ['cafile', 'certfile', 'keyfile', 'insecure', 'timeout']

export interface SectionContext {
  readonly defaultText: DefaultText
  /** Where relative paths start. */
  readonly cwd: string
  readonly report: (fault: ConfigFault) => void
}

/**
 * A section's values as its schema makes them; undefined when it has faults, which `report` is told, all of them. Options that
 * the schema does not know are left out. In a section of a schema that takes keystoneauth's options, `auth_section` is followed.
 * `owner` is whose schema it is, for messages.
 */
export function readSection<T>(
  settings: Settings,
  section: string,
  schema: z.ZodType<T>,
  { defaultText, cwd, report }: SectionContext,
  owner = 'this program',
): T | undefined {
  let faulty = false
  const note = (fault: ConfigFault) => {
    faulty = true
    report(fault)
  }
  const shape = shapeOf(schema)
  const written = renameOld(
    shape && 'auth_section' in shape ? followAuthSection(settings, section, note) : ownSettings(settings, section),
    OLD_NAMES[section] ?? {},
  )
  const values: Record<string, string> = {}
  for (const [option, setting] of written) {
    const optionSchema = ownValue(shape, option)
    if (shape && !optionSchema) continue
    const outcome = settings.substitute(setting, defaultText)
    if ('reason' in outcome) {
      // The name after the dollar sign may be half a password.
      const secret = optionSchema && optionMeta(optionSchema).secret
      const reason = secret ? 'has a $ before a name that is no option; write $$ for a dollar sign' : outcome.reason
      note({ where: setting.where, path: pathOf(setting), reason })
    } else if (!isUnset(outcome.text, optionSchema)) {
      values[option] = outcome.text
    }
  }
  const parsed = parseSafely(schema, values, owner)
  if (parsed.success) return faulty ? undefined : withPaths(parsed.data, shape, cwd)
  for (const { path, reason } of toSchemaFaults(parsed.issues, schema)) {
    const option = path[0] === undefined ? undefined : String(path[0])
    const setting = option === undefined ? undefined : written.get(option)
    // An option whose substitution failed is told about already.
    if (setting && values[option!] === undefined && !isUnset(setting.text, ownValue(shape, option!))) continue
    const where = setting?.where ?? settings.whereSection(section) ?? settings.files.at(-1) ?? 'configuration'
    note({
      where,
      path: setting ? pathOf(setting) : `[${section}]${option === undefined ? '' : ` ${option}`}`,
      reason: setting && holdsComment(setting) ? `${reason} (${COMMENT_HINT})` : reason,
    })
  }
  return undefined
}

/** For who writes a comment behind a value, as other programs have it: here it belongs to the value. */
export const COMMENT_HINT = "a comment needs a line of its own: after a value, '#' and ';' belong to it"

export function holdsComment({ text }: Pick<Setting, 'text'>): boolean {
  return /\s[#;]/.test(text)
}

/** The values, of which those of `option.path()` are made absolute. */
function withPaths<T>(values: T, shape: Readonly<Record<string, z.ZodType>> | undefined, cwd: string): T {
  const paths = Object.entries(shape ?? {}).flatMap(([option, schema]) => {
    const value = ownValue(values as Readonly<Record<string, unknown>>, option)
    return typeof value === 'string' && optionMeta(schema).path ? [[option, resolve(cwd, value)] as const] : []
  })
  return paths.length === 0 ? values : { ...values, ...Object.fromEntries(paths) }
}

/** oslo.config takes `number =` for an option that is not set. */
function isUnset(text: string, schema: z.ZodType | undefined): boolean {
  return text.trim() === '' && schema !== undefined && !accepts(schema, text) && accepts(schema, undefined)
}

function pathOf({ section, option }: Setting): string {
  return `[${section}] ${option}`
}

function ownSettings(settings: Settings, section: string): Map<string, Setting> {
  return new Map(settings.options(section).map((setting) => [setting.option, setting]))
}

/**
 * The settings of a section that talks to Keystone, with those of the section that its `auth_section` names: who we are comes
 * from there alone, as keystoneauth has it; how to connect (`cafile`, `timeout`, …) only where the section does not say.
 */
function followAuthSection(
  settings: Settings,
  section: string,
  report: (fault: ConfigFault) => void,
): Map<string, Setting> {
  const own = renameOld(ownSettings(settings, section))
  const pointer = own.get('auth_section')
  if (!pointer) return own
  const other = pointer.text.trim()
  const target = other.toLowerCase()
  if (target === section.toLowerCase()) return own
  if (settings.whereSection(target) === undefined) {
    report({ where: pointer.where, path: pathOf(pointer), reason: `there is no section [${other}]` })
    return own
  }
  const theirs = renameOld(ownSettings(settings, target))
  for (const option of Object.keys(keystoneauthOptions)) {
    if (option === 'auth_section') continue
    const setting = theirs.get(option)
    const session = SESSION_OPTIONS.includes(option)
    if (setting && !(session && own.has(option))) own.set(option, setting)
    else if (!setting && !session) own.delete(option)
  }
  return own
}

/** The settings, with those under older names under the present ones, where these are not there. */
function renameOld(
  settings: Map<string, Setting>,
  names: Readonly<Record<string, string>> = KEYSTONEAUTH_OLD_NAMES,
): Map<string, Setting> {
  for (const [old, name] of Object.entries(names)) {
    const setting = settings.get(old)
    if (setting && !settings.has(name)) settings.set(name, setting)
  }
  return settings
}
