import { sql } from 'drizzle-orm'
import {
  bigint,
  boolean,
  check,
  doublePrecision,
  index,
  integer,
  jsonb,
  pgTable,
  primaryKey,
  text,
  timestamp,
  unique,
} from 'drizzle-orm/pg-core'
import type { StoredDiff, StoredSums } from './task-diff.ts'

const instant = (name: string) => timestamp(name, { withTimezone: true, precision: 6, mode: 'date' })

/** Who is billed, and how far. One row per (identifier, scope key, fetcher, collector). */
export const scopes = pgTable(
  'scopes',
  {
    id: integer('id').primaryKey().generatedAlwaysAsIdentity(),
    identifier: text('identifier').notNull(),
    scopeKey: text('scope_key').notNull(),
    fetcher: text('fetcher').notNull(),
    collector: text('collector').notNull(),
    /** Begin of the newest rated period, or what a reset set; null until the first period is rated. */
    lastProcessed: instant('last_processed_timestamp'),
    /** Begin of the next period to rate. */
    nextBegin: instant('next_begin').notNull(),
    /** Begin of the first period that was ever rated; null until then. */
    ratedFrom: instant('rated_from'),
    active: boolean('active').notNull().default(true),
    activeSince: instant('scope_activation_toggle_date').notNull().defaultNow(),
    createdAt: instant('created_at').notNull().defaultNow(),
    /** When the fetcher last named it. Periods that began later are not rated: the scope had gone. */
    seenAt: instant('seen_at').notNull().defaultNow(),
    /** The batch that holds the lease, its owner's process, and until when; all null when the scope is free. */
    leaseBatch: bigint('lease_batch', { mode: 'number' }),
    leaseUntil: instant('lease_until'),
    /** When it was its turn last. */
    claimedAt: instant('claimed_at'),
    /** Back-off: failures in a row, not before when the next try is made, and what went wrong last. */
    failures: integer('failures').notNull().default(0),
    retryAt: instant('retry_at'),
    lastError: text('last_error'),
    lastErrorAt: instant('last_error_at'),
  },
  (table) => [
    unique('scopes_identity').on(table.identifier, table.scopeKey, table.fetcher, table.collector),
    index('scopes_due').on(table.nextBegin),
    index('scopes_lease').on(table.leaseBatch),
  ],
)

/** The columns of a scope with which all is well. */
export const NO_FAILURE = { failures: 0, retryAt: null, lastError: null, lastErrorAt: null }

/** What the last questions to a fetcher brought. */
export const discoveries = pgTable(
  'discoveries',
  {
    scopeKey: text('scope_key').notNull(),
    fetcher: text('fetcher').notNull(),
    collector: text('collector').notNull(),
    /** When it last named scopes, and how many. */
    succeededAt: instant('succeeded_at'),
    scopes: integer('scopes').notNull().default(0),
    /** Looks in a row that failed or named none, when the last of them was counted, and why it failed. */
    failures: integer('failures').notNull().default(0),
    failedAt: instant('failed_at'),
    lastError: text('last_error'),
  },
  (table) => [primaryKey({ columns: [table.scopeKey, table.fetcher, table.collector] })],
)

/** One row: the points store that state belongs to. */
export const pointsHome = pgTable(
  'points_home',
  {
    id: integer('id').primaryKey().default(1),
    /** As the store says it. */
    identity: text('identity').notNull(),
    /** Whether the ledger has every batch that this store was given. */
    complete: boolean('complete').notNull(),
    adoptedAt: instant('adopted_at').notNull().defaultNow(),
  },
  (table) => [check('points_home_single', sql`${table.id} = 1`)],
)

const BATCH_KINDS = ['rated', 'pushed', 'imported', 'reprocessed'] as const

/** What was believed of the time, by each start of each machine that rates: it goes on from there. In seconds. */
export const clocks = pgTable('clocks', {
  /** As the operating system calls this start. */
  bootId: text('boot_id').primaryKey(),
  /** Unix time, when the machine had been up for so long. */
  time: doublePrecision('time').notNull(),
  uptime: doublePrecision('uptime').notNull(),
  /** How far the clock is off from there, ahead if positive, and since which uptime; 0 and null while all is well. */
  offSeconds: doublePrecision('off_seconds').notNull(),
  since: doublePrecision('since'),
})

/** What the newest batches that count have left in the points store, in the order of their commits. */
export const pointsLedger = pgTable('points_ledger', {
  number: bigint('number', { mode: 'number' }).primaryKey().generatedAlwaysAsIdentity(),
  batch: bigint('batch', { mode: 'number' }).notNull(),
  kind: text('kind', { enum: BATCH_KINDS }).notNull(),
  points: bigint('points', { mode: 'number' }).notNull(),
  samples: bigint('samples', { mode: 'number' }).notNull(),
  /** Which scopes it rated, and the periods; null for what came from outside. */
  scopes: integer('scopes').array(),
  begin: instant('begin'),
  end: instant('end'),
  at: instant('at').notNull().defaultNow(),
})

/** When a scope was switched off, and on again: periods that begin in between are never billed. */
export const scopeInactivity = pgTable(
  'scope_inactivity',
  {
    id: integer('id').primaryKey().generatedAlwaysAsIdentity(),
    scope: integer('scope')
      .notNull()
      .references(() => scopes.id, { onDelete: 'cascade' }),
    begin: instant('begin').notNull(),
    /** Null while it is off. */
    end: instant('end'),
  },
  (table) => [index('scope_inactivity_scope').on(table.scope)],
)

/** One row: the number of the newest batch. Its row lock makes ids visible in order. */
export const batchCounter = pgTable(
  'batch_counter',
  { id: integer('id').primaryKey(), value: bigint('value', { mode: 'number' }).notNull() },
  (table) => [check('batch_counter_single', sql`${table.id} = 1`)],
)

const BATCH_STATES = ['pending', 'abandoned', 'swept'] as const

/** Batches that readers must not see: pending, or abandoned and remembered until no late writer can come back. */
export const hiddenBatches = pgTable('hidden_batches', {
  id: bigint('id', { mode: 'number' }).primaryKey(),
  kind: text('kind', { enum: BATCH_KINDS }).notNull(),
  state: text('state', { enum: BATCH_STATES }).notNull().default('pending'),
  owner: text('owner').notNull(),
  createdAt: instant('created_at').notNull().defaultNow(),
  leaseUntil: instant('lease_until').notNull(),
  abandonedAt: instant('abandoned_at'),
})

/** Which processors there are, and when each gave its last sign of life: scopes are shared out among them. */
export const processors = pgTable('processors', {
  owner: text('owner').primaryKey(),
  seenAt: instant('seen_at').notNull().defaultNow(),
})

/** Points that a later commit replaced or a reset took back, until the sweep has deleted them. */
export const tombstones = pgTable('tombstones', {
  id: integer('id').primaryKey().generatedAlwaysAsIdentity(),
  scopeId: text('scope_id').notNull(),
  begin: instant('begin').notNull(),
  end: instant('end'),
  upTo: bigint('up_to', { mode: 'number' }).notNull(),
  createdAt: instant('created_at').notNull().defaultNow(),
})

/** Tombstones that the sweep has deleted from the points store of late: a copy of it from before would have their points again. */
export const sweptTombstones = pgTable('swept_tombstones', {
  id: integer('id').primaryKey(),
  scopeId: text('scope_id').notNull(),
  begin: instant('begin').notNull(),
  end: instant('end'),
  upTo: bigint('up_to', { mode: 'number' }).notNull(),
  sweptAt: instant('swept_at').notNull().defaultNow(),
})

/** What one process does for all now and then, and before when nobody does it again. */
export const maintenance = pgTable('maintenance', {
  name: text('name', { enum: ['sweep', 'sweep-turn', 'retention', 'audit'] }).primaryKey(),
  notBefore: instant('not_before').notNull(),
})

/** CloudKitty's `modules_state`: which rating modules are on, and in which order they run. */
export const modules = pgTable('modules_state', {
  name: text('name').primaryKey(),
  enabled: boolean('state').notNull().default(false),
  priority: integer('priority').notNull().default(1),
})

/** Files that were imported, by the digest of their content: importing one again changes nothing. */
export const imports = pgTable('imports', {
  digest: text('digest').primaryKey(),
  name: text('name').notNull(),
  batch: bigint('batch', { mode: 'number' }).notNull(),
  rows: bigint('rows', { mode: 'number' }).notNull(),
  firstAt: instant('first_at'),
  lastAt: instant('last_at'),
  importedAt: instant('imported_at').notNull().defaultNow(),
})

/** Requests that carried an `Idempotency-Key`, so that a repetition is answered and not done again. */
export const idempotencyKeys = pgTable('idempotency_keys', {
  /** The caller's project and its key, hashed together. */
  key: text('key').primaryKey(),
  /** Digest of the body: the same key with another body is refused. */
  digest: text('digest').notNull(),
  batch: bigint('batch', { mode: 'number' }).notNull(),
  createdAt: instant('created_at').notNull().defaultNow(),
})

/** Tasks that rate a scope's past again. Times are period bounds. */
export const reprocesses = pgTable(
  'storage_scope_reprocessing_schedule',
  {
    id: integer('id').primaryKey().generatedAlwaysAsIdentity(),
    identifier: text('identifier').notNull(),
    begin: instant('start_reprocess_time').notNull(),
    end: instant('end_reprocess_time').notNull(),
    /** Begin of the newest period done; null until the first. */
    current: instant('current_reprocess_time'),
    reason: text('reason').notNull(),
    createdAt: instant('created_at').notNull().defaultNow(),
    /** Back-off, as for scopes. */
    failures: integer('failures').notNull().default(0),
    retryAt: instant('retry_at'),
    lastError: text('last_error'),
    /** The batch that works on it, or did last: while its lease holds, the task is being worked on. */
    batch: bigint('batch', { mode: 'number' }),
    cancelledAt: instant('cancelled_at'),
    /** What it made of the sums, once it is done. */
    diff: jsonb('diff').$type<StoredDiff>(),
  },
  (table) => [index('reprocesses_identifier').on(table.identifier)],
)

/** Resets that took rated periods back, until the scope is where it was, and what came of it. */
export const scopeResets = pgTable(
  'scope_resets',
  {
    id: integer('id').primaryKey().generatedAlwaysAsIdentity(),
    scope: integer('scope')
      .notNull()
      .references(() => scopes.id, { onDelete: 'cascade' }),
    /** From here on it took everything back. */
    begin: instant('start_reset_time').notNull(),
    /** The scope's next period, and its newest rated one, before. */
    end: instant('end_reset_time').notNull(),
    lastProcessed: instant('last_processed_timestamp'),
    /** What took the points back, of batches up to `upTo`; the row of this number goes with the sweep. */
    tombstone: integer('tombstone').notNull(),
    upTo: bigint('up_to', { mode: 'number' }).notNull(),
    createdAt: instant('created_at').notNull().defaultNow(),
    /** Sums of what it took back, once they were taken. */
    before: jsonb('before').$type<StoredSums>(),
    diff: jsonb('diff').$type<StoredDiff>(),
    finishedAt: instant('finished_at'),
    cancelledAt: instant('cancelled_at'),
    supersededAt: instant('superseded_at'),
  },
  (table) => [index('scope_resets_scope').on(table.scope), index('scope_resets_tombstone').on(table.tombstone)],
)

/** CloudKitty's deprecated service-to-collector table: stored and told, without effect. */
export const collectorMappings = pgTable('service_to_collector_mappings', {
  service: text('service').primaryKey(),
  collector: text('collector').notNull(),
})

/** CloudKitty's deprecated collector switches: stored and told, without effect. */
export const collectorStates = pgTable('collector_states', {
  name: text('name').primaryKey(),
  enabled: boolean('enabled').notNull(),
})

export const AUDIT_ACTIONS = ['create', 'update', 'delete', 'reset', 'cancel', 'push'] as const
export type AuditAction = (typeof AUDIT_ACTIONS)[number]

/** Who changed what, and when: written in the transaction of the change. Rows are never changed. */
export const audit = pgTable(
  'audit',
  {
    id: bigint('id', { mode: 'number' }).primaryKey().generatedAlwaysAsIdentity(),
    at: instant('at').notNull().defaultNow(),
    userId: text('user_id').notNull(),
    projectId: text('project_id'),
    requestId: text('request_id'),
    action: text('action', { enum: AUDIT_ACTIONS }).notNull(),
    kind: text('kind').notNull(),
    target: text('target').notNull(),
    before: jsonb('before').$type<Readonly<Record<string, unknown>>>(),
    after: jsonb('after').$type<Readonly<Record<string, unknown>>>(),
  },
  (table) => [index('audit_at').on(table.at)],
)
