CREATE TABLE "processors" (
	"owner" text PRIMARY KEY NOT NULL,
	"seen_at" timestamp (6) with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
ALTER TABLE "scopes" ADD COLUMN "claimed_at" timestamp (6) with time zone;