import { randomUUID } from 'node:crypto'
import { readFile } from 'node:fs/promises'

/** Which start of the machine this is, and seconds since then: what nobody can set. */
export interface Boot {
  readonly id: string
  readonly uptime: number
}

/** Where the system does not tell, this process stands for it. */
const PROCESS = randomUUID()

/** As Linux tells it: the uptime goes on while the machine is suspended, but not while a hypervisor has paused it. */
export async function readBoot(): Promise<Boot> {
  try {
    const [id, uptime] = await Promise.all([
      readFile('/proc/sys/kernel/random/boot_id', 'utf8'),
      readFile('/proc/uptime', 'utf8'),
    ])
    const seconds = Number(uptime.split(' ', 1)[0])
    if (id.trim() !== '' && Number.isFinite(seconds)) return { id: id.trim(), uptime: seconds }
  } catch {
    // Not Linux, or /proc is hidden.
  }
  return { id: PROCESS, uptime: performance.now() / 1000 }
}
