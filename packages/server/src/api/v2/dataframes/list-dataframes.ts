import { z } from 'zod'
import { jsonStream } from '../../../http/json-stream.ts'
import { defineRoute, Reply } from '../../../http/route.ts'
import { param } from '../../../http/v2-types.ts'
import type { Instant } from '../../../domain/period.ts'
import type { Point } from '../../../domain/point.ts'
import type { Batches } from '../../../state/batches.ts'
import type { PointStore } from '../../../storage/point-store.ts'
import { pagedPoints, runs } from '../../paged-points.ts'
import { rangeOf, toPointFilter } from '../../point-filter.ts'
import { restrictToOwnScope } from '../../restrict-to-own-scope.ts'
import { nothingFound } from '../scope/scope-object.ts'
import { FrameObject, toFrameObject } from './frame-object.ts'

export interface DataframesDeps {
  readonly points: Pick<PointStore, 'retrieve'>
  readonly batches: Pick<Batches, 'snapshot'>
  readonly scopeKey: string
  readonly now: () => Instant
}

export const listDataframes = defineRoute<DataframesDeps>()({
  family: 'v2',
  method: 'GET',
  path: '/v2/dataframes',
  policy: 'dataframes:get',
  summary: 'Rated points, by period and metric type',
  description: '`offset`, `limit` and `total` count points; a period may be cut over two pages.',
  query: {
    offset: param.int({ min: 0 }).default(0),
    limit: param.int({ min: 1 }).default(100),
    begin: param.datetime().optional(),
    end: param.datetime().optional(),
    filters: param.dict().optional(),
  },
  reply: { status: 200, schema: z.strictObject({ total: z.int(), dataframes: z.array(FrameObject) }) },
  errors: [404],
  async handle({ points, batches, scopeKey, now }, { query: asked, who, request }) {
    const { offset, limit } = asked
    const given = new Map([...(asked.filters ?? [])].map(([key, value]) => [key, [value]]))
    const filters = restrictToOwnScope(given, who, scopeKey)
    if (filters === undefined) return { total: 0, dataframes: [] }
    const query = { ...toPointFilter(rangeOf(asked, now()), filters), offset, limit }
    const { total, pages, single } = await pagedPoints(points, query, await batches.snapshot(), request.signal)
    if (total === 0) throw nothingFound()
    const frames = toFrames(pages)
    if (!single) return new Reply(jsonStream({ total }, 'dataframes', frames))
    const dataframes: z.output<typeof FrameObject>[] = []
    for await (const frame of frames) dataframes.push(frame)
    return { total, dataframes }
  },
})

async function* toFrames(pages: AsyncIterable<readonly Point[]>): AsyncGenerator<z.output<typeof FrameObject>> {
  for await (const run of runs(pages, (a, b) => a.begin === b.begin && a.end === b.end)) yield toFrameObject(run)
}
