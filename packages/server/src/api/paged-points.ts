import { Fault } from '../lib/fault.ts'
import type { Point } from '../domain/point.ts'
import type { Snapshot } from '../domain/snapshot.ts'
import type { PointFilter, PointStore } from '../storage/point-store.ts'

/** Points that are in memory at a time. */
const PAGE = 20_000
/** What a snapshot shows is only kept for so long: an answer that a slow client draws out longer is cut. */
const SNAPSHOT_MS = 110_000

export interface PagedQuery extends PointFilter {
  readonly offset: number
  /** Undefined: all points. */
  readonly limit: number | undefined
}

/** The points of a query, page by page, all as of one snapshot. The first page is here already. */
export interface PagedPoints {
  /** Number of points before paging. */
  readonly total: number
  readonly pages: AsyncIterable<readonly Point[]>
  /** There is no more than the first page. */
  readonly single: boolean
}

export async function pagedPoints(
  points: Pick<PointStore, 'retrieve'>,
  query: PagedQuery,
  snapshot: Snapshot,
  signal: AbortSignal,
): Promise<PagedPoints> {
  const wanted = query.limit ?? Infinity
  const first = await points.retrieve({ ...query, limit: Math.min(PAGE, wanted) }, snapshot, signal)
  const expected = Math.max(0, Math.min(first.total - query.offset, wanted))
  const deadline = AbortSignal.timeout(SNAPSHOT_MS)
  async function* pages() {
    let page = first.points
    for (let got = 0; ;) {
      yield page
      got += page.length
      if (page.length === 0 || got >= expected) return
      if (deadline.aborted) throw new Fault('request.timeout', 'The answer was taken too slowly.')
      const next = { ...query, offset: query.offset + got, limit: Math.min(PAGE, expected - got) }
      page = (await points.retrieve(next, snapshot, deadline)).points
    }
  }
  return { total: first.total, pages: pages(), single: expected <= first.points.length }
}

/** Runs of points that belong together, across pages. */
export async function* runs(
  pages: AsyncIterable<readonly Point[]>,
  together: (a: Point, b: Point) => boolean,
): AsyncGenerator<Point[]> {
  let run: Point[] = []
  for await (const page of pages) {
    for (const point of page) {
      if (run.length > 0 && !together(run[0]!, point)) {
        yield run
        run = []
      }
      run.push(point)
    }
  }
  if (run.length > 0) yield run
}
