CREATE TABLE "scope_resets" (
	"id" integer PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "scope_resets_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 2147483647 START WITH 1 CACHE 1),
	"scope" integer NOT NULL,
	"start_reset_time" timestamp (6) with time zone NOT NULL,
	"end_reset_time" timestamp (6) with time zone NOT NULL,
	"last_processed_timestamp" timestamp (6) with time zone,
	"void" integer NOT NULL,
	"up_to" bigint NOT NULL,
	"created_at" timestamp (6) with time zone DEFAULT now() NOT NULL,
	"before" jsonb,
	"diff" jsonb,
	"finished_at" timestamp (6) with time zone,
	"cancelled_at" timestamp (6) with time zone,
	"superseded_at" timestamp (6) with time zone
);
--> statement-breakpoint
ALTER TABLE "scope_resets" ADD CONSTRAINT "scope_resets_scope_scopes_id_fk" FOREIGN KEY ("scope") REFERENCES "public"."scopes"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "scope_resets_scope" ON "scope_resets" USING btree ("scope");--> statement-breakpoint
CREATE INDEX "scope_resets_void" ON "scope_resets" USING btree ("void");