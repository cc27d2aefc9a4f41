ALTER TABLE "storage_scope_reprocessing_schedule" ADD COLUMN "batch" bigint;--> statement-breakpoint
ALTER TABLE "storage_scope_reprocessing_schedule" ADD COLUMN "cancelled_at" timestamp (6) with time zone;--> statement-breakpoint
ALTER TABLE "storage_scope_reprocessing_schedule" ADD COLUMN "diff" jsonb;