import type { PointFilter, PointStore } from '../point-store.ts'

/** A store in which some things are sought for longer than anybody can wait. */
export interface EndlessStore extends AsyncDisposable {
  readonly store: PointStore
  /** What is. */
  readonly sought: Pick<PointFilter, 'types' | 'attributes'>
  /** Statements that its engine is at work on. */
  working(): Promise<number>
}

/** What an engine that looks for attributes without end seeks. */
export const BY_ATTRIBUTE: EndlessStore['sought'] = { types: [], attributes: new Map([['id', ['vm-1']]]) }
/** And one that looks for points without end. */
export const BY_TYPE: EndlessStore['sought'] = { types: ['endless'], attributes: new Map() }
