ALTER TABLE "storage_scope_reprocessing_schedule" ADD COLUMN "failures" integer DEFAULT 0 NOT NULL;--> statement-breakpoint
ALTER TABLE "storage_scope_reprocessing_schedule" ADD COLUMN "retry_at" timestamp (6) with time zone;--> statement-breakpoint
ALTER TABLE "storage_scope_reprocessing_schedule" ADD COLUMN "last_error" text;