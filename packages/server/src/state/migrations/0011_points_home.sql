CREATE TABLE "points_home" (
	"id" integer PRIMARY KEY DEFAULT 1 NOT NULL,
	"identity" text NOT NULL,
	"complete" boolean NOT NULL,
	"adopted_at" timestamp (6) with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "points_home_single" CHECK ("points_home"."id" = 1)
);
--> statement-breakpoint
CREATE TABLE "points_ledger" (
	"number" bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "points_ledger_number_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"batch" bigint NOT NULL,
	"kind" text NOT NULL,
	"points" bigint NOT NULL,
	"samples" bigint NOT NULL,
	"scopes" integer[],
	"begin" timestamp (6) with time zone,
	"end" timestamp (6) with time zone,
	"at" timestamp (6) with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
CREATE TABLE "swept_tombstones" (
	"id" integer PRIMARY KEY NOT NULL,
	"scope_id" text NOT NULL,
	"begin" timestamp (6) with time zone NOT NULL,
	"end" timestamp (6) with time zone,
	"up_to" bigint NOT NULL,
	"swept_at" timestamp (6) with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
ALTER TABLE "scopes" ADD COLUMN "rated_from" timestamp (6) with time zone;