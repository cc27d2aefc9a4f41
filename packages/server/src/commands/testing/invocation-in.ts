import type { Invocation } from '../invocation.ts'

export interface TestInvocation extends Invocation {
  /** What was printed since the last time that this was asked. */
  readonly takePrinted: () => string
}

/** A call of a command in a folder, with no configuration but one file there, by default `cloudkitty.conf`. */
export function invocationIn(
  folder: string,
  { file = 'cloudkitty.conf', ...others }: { readonly file?: string } & Partial<Invocation> = {},
): TestInvocation {
  let printed = ''
  return {
    files: [file],
    dirs: [],
    env: {},
    cwd: folder,
    signal: new AbortController().signal,
    terminal: false,
    print: (text) => void (printed += text),
    takePrinted() {
      const taken = printed
      printed = ''
      return taken
    },
    ...others,
  }
}
