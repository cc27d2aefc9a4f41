import { readdirSync, readFileSync, statSync } from 'node:fs'
import { isAbsolute, join } from 'node:path'
import { Fault } from '../../lib/fault.ts'
import { decodeUtf8, NOT_UTF8, NotUtf8 } from '../../lib/read-text.ts'
import type { PolicyOptions } from './policy-options.ts'
import { Policy, PolicyRefusal } from './policy.ts'
import type { PolicyFile } from './read-policy-file.ts'

/**
 * The policy as `[oslo_policy]` says. Relative names are looked up in `configDir`, where cloudkitty.conf lies. Throws
 * `config.invalid` when a file is faulty, cannot be read, or is named, other than the default, and does not exist.
 */
export function loadPolicy(options: PolicyOptions, configDir: string): Policy {
  const settings = { enforceNewDefaults: options.enforce_new_defaults, enforceScope: options.enforce_scope }
  return new Policy(settings, readFiles(options, configDir))
}

const DEFAULT_FILE = 'policy.yaml'

function readFiles(options: PolicyOptions, configDir: string): PolicyFile[] {
  const locate = (name: string) => (isAbsolute(name) ? name : join(configDir, name))
  const name = options.policy_file ?? DEFAULT_FILE
  const main = locate(name)
  const paths: string[] = []
  if (stat(main)?.isFile()) paths.push(main)
  // DevStack and telemetry's operators write the default down, whether there is such a file or not.
  else if (name !== DEFAULT_FILE && main !== locate(DEFAULT_FILE)) {
    // With the defaults in its place, what the operator meant to close might stand open.
    throw new Fault('config.invalid', `[oslo_policy] policy_file: there is no file ${main}`, { path: main })
  }
  for (const folder of options.policy_dirs.map(locate)) paths.push(...filesIn(folder))
  return paths.map((path) => ({ path, text: read(path) }))
}

function filesIn(folder: string): string[] {
  if (!stat(folder)?.isDirectory()) return []
  const names = readdirSync(folder).filter((name) => !name.startsWith('.'))
  return names
    .sort()
    .map((name) => join(folder, name))
    .filter((path) => stat(path)?.isFile())
}

function stat(path: string) {
  return statSync(path, { throwIfNoEntry: false })
}

function read(path: string): string {
  try {
    return decodeUtf8(readFileSync(path))
  } catch (error) {
    if (error instanceof NotUtf8) throw new PolicyRefusal([{ path, line: error.line, reason: NOT_UTF8 }])
    const message = `[oslo_policy]: ${path} cannot be read: ${(error as Error).message}`
    throw new Fault('config.invalid', message, { path }, { cause: error })
  }
}
