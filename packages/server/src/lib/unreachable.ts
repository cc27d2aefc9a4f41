/** For the end of a closed switch: a new case stops the build here, and a wrong value stops the program. */
export function unreachable(value: never): never {
  throw new Error(`unexpected case: ${String(value)}`)
}
