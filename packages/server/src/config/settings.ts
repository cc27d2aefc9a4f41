import type { ConfigFault } from './config-fault.ts'
import { optionName, parseIni, sectionName } from './ini.ts'

/** An option as it was written last, substitutions not made. */
export interface Setting {
  readonly section: string
  readonly option: string
  readonly text: string
  /** `file:line`, or the environment variable. */
  readonly where: string
}

/** What `$name` stands for where no file says it: the default's text, `''` for an option without one, undefined: no such option. */
export type DefaultText = (section: string, option: string) => string | undefined

/** Substitutions nest as deep as this. */
const DEPTH_MAX = 16
/** Names that are replaced in one text, counted through all that they stand for: a few lines can name each other by the million. */
const SUBSTITUTIONS_MAX = 1000
/** Characters that a text may have when its names are replaced. */
const LENGTH_MAX = 65_536

/**
 * All that was written, of all files and the environment. Later files win over earlier ones, within a file the later line
 * (for every option that we read; none of them adds up), and the environment wins over files.
 */
export class Settings {
  readonly #sections = new Map<string, Map<string, Setting>>()
  readonly #sectionWhere = new Map<string, string>()

  /** The files that were taken, in order. */
  readonly files: string[] = []

  /** Takes a file's text; returns what is wrong with its form. */
  addFile(file: string, text: string): ConfigFault[] {
    this.files.push(file)
    const ini = parseIni(text)
    for (const { name, line } of ini.sections) this.#addSection(name, `${file}:${line}`)
    for (const { section, option, text, line } of ini.entries) {
      this.#sections.get(section)!.set(option, { section, option, text, where: `${file}:${line}` })
    }
    return ini.faults.map(({ line, reason }) => ({ where: `${file}:${line}`, path: '', reason }))
  }

  /** Takes variables named `OS_<SECTION>__<OPTION>`. */
  addEnvironment(env: Readonly<Record<string, string | undefined>>): void {
    for (const [name, text] of Object.entries(env)) {
      // The section's name has a letter at least, and ends at the first two underscores after it.
      const end = name.indexOf('__', 'OS_'.length + 1)
      if (text === undefined || end < 0 || end + 2 === name.length || !/^OS_[A-Z0-9_]+$/.test(name)) continue
      const section = sectionName(name.slice('OS_'.length, end))
      const option = optionName(name.slice(end + 2).toLowerCase())
      this.#addSection(section, name)
      this.#sections.get(section)!.set(option, { section, option, text, where: name })
    }
  }

  #addSection(section: string, where: string): void {
    if (!this.#sections.has(section)) this.#sections.set(section, new Map())
    if (!this.#sectionWhere.has(section)) this.#sectionWhere.set(section, where)
  }

  sectionNames(): string[] {
    return [...this.#sections.keys()]
  }

  /** Where the section begins, or undefined when it stands nowhere. */
  whereSection(section: string): string | undefined {
    return this.#sectionWhere.get(section)
  }

  options(section: string): Setting[] {
    return [...(this.#sections.get(section)?.values() ?? [])]
  }

  get(section: string, option: string): Setting | undefined {
    return this.#sections.get(section)?.get(option)
  }

  /**
   * The setting's text with `$name`, `${name}` and `${section.name}` replaced as oslo.config does: a name is looked up in
   * the setting's own section, then in [DEFAULT]; `$$` and `\$` stand for a dollar sign; a `$` before anything but a letter or
   * underscore stays. A name that is no option is a fault, which never holds more of the text than that name.
   */
  substitute(setting: Setting, defaultText: DefaultText): { text: string } | { reason: string } {
    try {
      return { text: this.#expand(setting, defaultText, [], { left: SUBSTITUTIONS_MAX }) }
    } catch (error) {
      if (error instanceof SubstitutionError) return { reason: error.message }
      throw error
    }
  }

  #expand(setting: Setting, defaultText: DefaultText, path: readonly Setting[], budget: { left: number }): string {
    if (path.includes(setting) || path.length > DEPTH_MAX) {
      throw new SubstitutionError(`$${setting.option} refers to itself`)
    }
    const expanded = setting.text
      .replaceAll(String.raw`\$`, '$$$$')
      .replace(/\$(?:(\$)|([_a-z][._a-z0-9]*)|\{([_a-z][._a-z0-9]*)\})/gi, (_match, escaped, bare, braced) => {
        if (escaped) return '$'
        if (--budget.left < 0) {
          throw new SubstitutionError(`stands for more than ${SUBSTITUTIONS_MAX} other options; write some of them out`)
        }
        const name = String(bare ?? braced)
        const dot = name.indexOf('.')
        const wanted: readonly (readonly [string, string])[] =
          dot < 0
            ? [[setting.section, name] as const, ['DEFAULT', name] as const]
            : [[sectionName(name.slice(0, dot)), name.slice(dot + 1)] as const]
        for (const [section, option] of wanted) {
          const referred = this.get(section, optionName(option))
          if (referred) return this.#expand(referred, defaultText, [...path, setting], budget)
          const text = defaultText(section, optionName(option))
          if (text !== undefined) return text
        }
        throw new SubstitutionError(`$${name} refers to no option; write $$ for a dollar sign`)
      })
    if (expanded.length > Math.max(LENGTH_MAX, setting.text.length)) {
      throw new SubstitutionError(`becomes longer than ${LENGTH_MAX} characters when its names are replaced`)
    }
    return expanded
  }
}

class SubstitutionError extends Error {
  override readonly name = 'SubstitutionError'
}
