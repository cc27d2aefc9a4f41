ALTER TABLE "voids" RENAME TO "tombstones";--> statement-breakpoint
ALTER TABLE "tombstones" RENAME CONSTRAINT "voids_pkey" TO "tombstones_pkey";--> statement-breakpoint
ALTER SEQUENCE "voids_id_seq" RENAME TO "tombstones_id_seq";--> statement-breakpoint
ALTER TABLE "chores" RENAME TO "maintenance";--> statement-breakpoint
ALTER TABLE "maintenance" RENAME CONSTRAINT "chores_pkey" TO "maintenance_pkey";--> statement-breakpoint
ALTER TABLE "scope_resets" RENAME COLUMN "void" TO "tombstone";--> statement-breakpoint
ALTER INDEX "scope_resets_void" RENAME TO "scope_resets_tombstone";
