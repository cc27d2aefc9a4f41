import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { expect } from 'vitest'

/**
 * Runs a program that says each number from `from` on once what it stands for is acknowledged, and kills it once it has said
 * `to`. The newest number that it said.
 */
export async function acknowledgedUntilKilled(
  program: string,
  path: string,
  { from, to }: { readonly from: number; readonly to: number },
): Promise<number> {
  const child = spawn(process.execPath, ['--input-type=module', '--eval', program, path, String(from)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let newest = from - 1
  for await (const line of createInterface({ input: child.stdout })) {
    newest = Number(line)
    if (newest >= to) child.kill('SIGKILL')
  }
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit')
  expect(newest).toBeGreaterThanOrEqual(to)
  return newest
}
