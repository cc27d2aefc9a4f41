/** A PromQL string literal. PromQL reads Go's escapes; only these characters need one. */
export function promString(text: string): string {
  const escaped = text.replaceAll(/[\\"\n\r\t]/g, (char) => ESCAPES[char]!)
  return `"${escaped}"`
}

const ESCAPES: Readonly<Record<string, string>> = { '\\': '\\\\', '"': '\\"', '\n': '\\n', '\r': '\\r', '\t': '\\t' }

/** A matcher for one label: equality for one value, else a regular expression, which Prometheus anchors, of literals. */
export function promMatcher(label: string, values: readonly string[]): string {
  if (values.length === 1) return `${promLabel(label)}=${promString(values[0]!)}`
  return `${promLabel(label)}=~${promString(values.map(regexLiteral).join('|'))}`
}

/** RE2's meta characters, each with a backslash: the text matches itself only. */
function regexLiteral(text: string): string {
  return text.replaceAll(/[\\.+*?()|[\]{}^$]/g, String.raw`\$&`)
}

/** A label's name; one that is not an identifier is quoted, as Prometheus 3 takes it. */
export function promLabel(name: string): string {
  return /^[A-Za-z_]\w*$/.test(name) ? name : promString(name)
}

/** `name{matchers}`; a name that is not an identifier goes among the matchers, which every version takes. */
export function promSelector(name: string, matchers: readonly string[]): string {
  if (!/^[A-Za-z_:][\w:]*$/.test(name)) return `{${[`__name__=${promString(name)}`, ...matchers].join(',')}}`
  return matchers.length === 0 ? name : `${name}{${matchers.join(',')}}`
}
