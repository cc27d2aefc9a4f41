import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { resolve } from 'node:path'

const ROOT = resolve(import.meta.dirname, '../..')
const PROGRAM = resolve(ROOT, 'packages/server/bin/cloudtabbyd.js')

export interface Started {
  readonly process: ChildProcess
  /** What it has printed so far, on both outputs. */
  text(): string
  /** Resolves when the output matches; throws when the program ends before it does. */
  prints(pattern: RegExp): Promise<RegExpExecArray>
  /** The exit status; null when a signal ended it. */
  exit(): Promise<number | null>
}

/** Starts the built program, in the checkout's top folder if no other is given; `within`: a command that is to run it. */
export function startCloudtabbyd(
  args: readonly string[],
  env: Record<string, string> = {},
  { cwd = ROOT, within = [] }: { readonly cwd?: string; readonly within?: readonly string[] } = {},
): Started {
  const [command, ...rest] = [...within, process.execPath, PROGRAM, ...args]
  const child = spawn(command!, rest, {
    cwd,
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let printed = ''
  const waiting = new Set<() => void>()
  const wake = () => {
    for (const look of waiting) look()
  }
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk) => {
      printed += String(chunk)
      wake()
    })
  }
  const closed = once(child, 'close').then(() => {
    wake()
    return child.exitCode
  })
  let ended = false
  void closed.then(() => (ended = true))
  return {
    process: child,
    text: () => printed,
    prints: (pattern) =>
      new Promise((found, lost) => {
        const look = () => {
          const match = pattern.exec(printed)
          if (match) found(match)
          else if (child.exitCode !== null || ended) lost(new Error(`it ended without ${pattern}:\n${printed}`))
          else return
          waiting.delete(look)
        }
        waiting.add(look)
        look()
      }),
    exit: () => closed,
  }
}

/** Runs it to its end. */
export async function runCloudtabbyd(
  args: readonly string[],
  env: Record<string, string> = {},
  cwd = ROOT,
): Promise<{ status: number | null; text: string }> {
  const started = startCloudtabbyd(args, env, { cwd })
  return { status: await started.exit(), text: started.text() }
}
