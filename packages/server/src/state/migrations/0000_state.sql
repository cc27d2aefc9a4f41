CREATE TABLE "batch_counter" (
	"id" integer PRIMARY KEY NOT NULL,
	"value" bigint NOT NULL,
	CONSTRAINT "batch_counter_single" CHECK ("batch_counter"."id" = 1)
);
--> statement-breakpoint
CREATE TABLE "service_to_collector_mappings" (
	"service" text PRIMARY KEY NOT NULL,
	"collector" text NOT NULL
);
--> statement-breakpoint
CREATE TABLE "collector_states" (
	"name" text PRIMARY KEY NOT NULL,
	"enabled" boolean NOT NULL
);
--> statement-breakpoint
CREATE TABLE "hidden_batches" (
	"id" bigint PRIMARY KEY NOT NULL,
	"kind" text NOT NULL,
	"state" text DEFAULT 'pending' NOT NULL,
	"owner" text NOT NULL,
	"created_at" timestamp (6) with time zone DEFAULT now() NOT NULL,
	"lease_until" timestamp (6) with time zone NOT NULL,
	"abandoned_at" timestamp (6) with time zone
);
--> statement-breakpoint
CREATE TABLE "idempotency_keys" (
	"key" text PRIMARY KEY NOT NULL,
	"digest" text NOT NULL,
	"batch" bigint NOT NULL,
	"created_at" timestamp (6) with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
CREATE TABLE "imports" (
	"digest" text PRIMARY KEY NOT NULL,
	"name" text NOT NULL,
	"batch" bigint NOT NULL,
	"rows" bigint NOT NULL,
	"first_at" timestamp (6) with time zone,
	"last_at" timestamp (6) with time zone,
	"imported_at" timestamp (6) with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
CREATE TABLE "modules_state" (
	"name" text PRIMARY KEY NOT NULL,
	"state" boolean DEFAULT false NOT NULL,
	"priority" integer DEFAULT 1 NOT NULL
);
--> statement-breakpoint
CREATE TABLE "storage_scope_reprocessing_schedule" (
	"id" integer PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "storage_scope_reprocessing_schedule_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 2147483647 START WITH 1 CACHE 1),
	"identifier" text NOT NULL,
	"start_reprocess_time" timestamp (6) with time zone NOT NULL,
	"end_reprocess_time" timestamp (6) with time zone NOT NULL,
	"current_reprocess_time" timestamp (6) with time zone,
	"reason" text NOT NULL,
	"created_at" timestamp (6) with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
CREATE TABLE "scope_inactivity" (
	"id" integer PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "scope_inactivity_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 2147483647 START WITH 1 CACHE 1),
	"scope" integer NOT NULL,
	"begin" timestamp (6) with time zone NOT NULL,
	"end" timestamp (6) with time zone
);
--> statement-breakpoint
CREATE TABLE "scopes" (
	"id" integer PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "scopes_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 2147483647 START WITH 1 CACHE 1),
	"identifier" text NOT NULL,
	"scope_key" text NOT NULL,
	"fetcher" text NOT NULL,
	"collector" text NOT NULL,
	"last_processed_timestamp" timestamp (6) with time zone,
	"next_begin" timestamp (6) with time zone NOT NULL,
	"active" boolean DEFAULT true NOT NULL,
	"scope_activation_toggle_date" timestamp (6) with time zone DEFAULT now() NOT NULL,
	"created_at" timestamp (6) with time zone DEFAULT now() NOT NULL,
	"seen_at" timestamp (6) with time zone DEFAULT now() NOT NULL,
	"lease_batch" bigint,
	"lease_until" timestamp (6) with time zone,
	"failures" integer DEFAULT 0 NOT NULL,
	"retry_at" timestamp (6) with time zone,
	"last_error" text,
	"last_error_at" timestamp (6) with time zone,
	CONSTRAINT "scopes_identity" UNIQUE("identifier","scope_key","fetcher","collector")
);
--> statement-breakpoint
CREATE TABLE "voids" (
	"id" integer PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "voids_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 2147483647 START WITH 1 CACHE 1),
	"scope_id" text NOT NULL,
	"begin" timestamp (6) with time zone NOT NULL,
	"end" timestamp (6) with time zone,
	"up_to" bigint NOT NULL,
	"created_at" timestamp (6) with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
ALTER TABLE "scope_inactivity" ADD CONSTRAINT "scope_inactivity_scope_scopes_id_fk" FOREIGN KEY ("scope") REFERENCES "public"."scopes"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "reprocesses_identifier" ON "storage_scope_reprocessing_schedule" USING btree ("identifier");--> statement-breakpoint
CREATE INDEX "scope_inactivity_scope" ON "scope_inactivity" USING btree ("scope");--> statement-breakpoint
CREATE INDEX "scopes_due" ON "scopes" USING btree ("next_begin");--> statement-breakpoint
CREATE INDEX "scopes_lease" ON "scopes" USING btree ("lease_batch");--> statement-breakpoint
INSERT INTO "batch_counter" ("id", "value") VALUES (1, 0);
