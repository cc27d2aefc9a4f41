import { closeSync, fdatasyncSync, openSync } from 'node:fs'
import { NodeFS } from '@electric-sql/pglite/nodefs'

/** The part of Emscripten's file system over a folder that is used here. */
interface FolderFiles {
  readonly realPath: (node: unknown) => string
  /** Throws failures as errors that PostgreSQL understands. */
  readonly tryFSOperation: <T>(operation: () => T) => T
  readonly stream_ops: { fsync?: (stream: { readonly nfd?: number; readonly node: unknown }) => number }
}

type Init = NodeFS['init']
type Options = Parameters<Init>[1]
type PreRun = NonNullable<Exclude<Options['preRun'], (...args: never) => unknown>>[number]

/**
 * A folder for PGlite, which by itself never asks the operating system to put on disk what PostgreSQL wants to be there:
 * here it does, and counts how often.
 */
export class SyncedFiles extends NodeFS {
  #syncs = 0

  /** How often something was put on disk. */
  get syncs(): number {
    return this.#syncs
  }

  override async init(...[pg, options]: Parameters<Init>): ReturnType<Init> {
    const { emscriptenOpts } = await super.init(pg, options)
    const sync: PreRun = (module: unknown) => {
      const { NODEFS: files } = module as { readonly NODEFS: FolderFiles }
      files.stream_ops.fsync = ({ nfd, node }) => {
        files.tryFSOperation(() => (nfd === undefined ? syncByName(files.realPath(node)) : fdatasyncSync(nfd)))
        this.#syncs++
        return 0
      }
    }
    return { emscriptenOpts: { ...emscriptenOpts, preRun: [emscriptenOpts.preRun ?? [], sync].flat() } }
  }
}

function syncByName(path: string): void {
  const file = openSync(path, 'r')
  try {
    fdatasyncSync(file)
  } finally {
    closeSync(file)
  }
}
