import { isIPv4, isIPv6 } from 'node:net'

/** Whether an address, or a name, that is listened on can be reached from this machine only. */
export function isLoopback(host: string): boolean {
  const bare = host
    .trim()
    .toLowerCase()
    .replace(/^\[(.*)\]$/, '$1')
  if (isIPv4(bare)) return bare.startsWith('127.')
  // Only the spellings that are sure; any other IPv6 address counts as open.
  if (isIPv6(bare)) return bare === '::1' || bare === '0:0:0:0:0:0:0:1' || /^::ffff:127(\.\d+){3}$/.test(bare)
  return bare === 'localhost'
}
