import { execFileSync } from 'node:child_process'

/** Before a command: runs it where processes have other numbers, as in a container. It ends with this one. */
export const APART: readonly string[] = ['unshare', '--pid', '--fork', '--kill-child', '--mount-proc']

/** Whether the system allows it: that takes root and util-linux. */
export function canBeApart(): boolean {
  try {
    execFileSync(APART[0]!, [...APART.slice(1), 'true'], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}
