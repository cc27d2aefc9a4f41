import type { Decimal } from '../../domain/decimal.ts'
import type { RuleTime } from '../rule-time.ts'

export const RULE_TYPES = ['flat', 'rate'] as const
export type RuleType = (typeof RULE_TYPES)[number]

interface Rule {
  readonly id: string
  /** Undefined: CloudKitty's `_DEFAULT_` group. */
  readonly groupId: string | undefined
  /** Undefined: the rule is for every scope. */
  readonly scopeId: string | undefined
  readonly type: RuleType
  readonly cost: Decimal
  /** Valid from here on ... */
  readonly start: RuleTime
  /** ... up to but not including here; undefined: for ever. */
  readonly end: RuleTime | undefined
}

/** Applies to every point of its service, or to those whose field has exactly this text. */
export interface Mapping extends Rule {
  /** Without meaning for a service's own mapping. */
  readonly value: string
}

/** Applies from a level on: of the quantity under a service, of the field's value under a field. */
export interface Threshold extends Rule {
  readonly level: Decimal
}

export interface Field {
  /** The groupby or metadata attribute that it reads. */
  readonly name: string
  readonly mappings: readonly Mapping[]
  readonly thresholds: readonly Threshold[]
}

export interface Service {
  /** The metric type that it prices. */
  readonly name: string
  readonly mappings: readonly Mapping[]
  readonly thresholds: readonly Threshold[]
  readonly fields: readonly Field[]
}

/** All undeleted rules of one revision, whatever their dates and scopes; every list in order of creation. */
export type Rules = readonly Service[]
