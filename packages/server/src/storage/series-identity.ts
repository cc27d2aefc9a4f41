import { isDeepStrictEqual } from 'node:util'
import { attributesJson, type Attributes, attributeText, type Series } from '../domain/series.ts'
import { textBytes } from '../lib/byte-cache.ts'
import { Fault } from '../lib/fault.ts'

/** A series' texts as a store keeps them: groupby and metadata as JSON. */
export type Identity = readonly [scopeId: string, type: string, unit: string, groupby: string, metadata: string]

/** Groupby wins over metadata of the same name; an empty text reads like an absent attribute, and is left out. */
export function attributeTexts({ groupby, metadata }: Series): [name: string, value: string][] {
  const texts = new Map<string, string>()
  for (const attributes of [metadata, groupby]) {
    for (const [name, value] of Object.entries(attributes)) texts.set(name, attributeText(value))
  }
  return [...texts].filter(([, value]) => value !== '')
}

/** What is held against what is stored under the same id. Halves of surrogate pairs cannot be written as UTF-8; JSON escapes them. */
export function toIdentity({ scopeId, type, unit, groupby, metadata }: Series): Identity {
  return [
    scopeId.toWellFormed(),
    type.toWellFormed(),
    unit.toWellFormed(),
    attributesJson(groupby),
    attributesJson(metadata),
  ]
}

/** About what an identity takes in memory. */
export function identityBytes(identity: Identity): number {
  return identity.reduce((bytes, text) => bytes + textBytes(text), 0)
}

/** Throws a `Fault` when the series is not the one that is stored under its id. */
export function refuseOther(series: Series, stored: Identity): void {
  const identity = toIdentity(series)
  if (identity.every((part, i) => part === stored[i])) return
  const [scopeId, type, unit, groupby, metadata] = stored
  if (
    identity.slice(0, 3).every((part, i) => part === stored[i]) &&
    sameAttributes(series.groupby, groupby) &&
    sameAttributes(series.metadata, metadata)
  ) {
    return
  }
  throw new Fault('storage.series_collision', `two different series have the id ${series.id}`, {
    stored: { scopeId, type, unit, groupby, metadata },
    refused: { scopeId: series.scopeId, type: series.type, unit: series.unit },
  })
}

/** Whether attributes say the same as those of a JSON text, in whatever order. */
function sameAttributes(attributes: Attributes, text: string): boolean {
  return isDeepStrictEqual(JSON.parse(attributesJson(attributes)), JSON.parse(text))
}
