CREATE TABLE "discoveries" (
	"scope_key" text NOT NULL,
	"fetcher" text NOT NULL,
	"collector" text NOT NULL,
	"succeeded_at" timestamp (6) with time zone,
	"scopes" integer DEFAULT 0 NOT NULL,
	"failures" integer DEFAULT 0 NOT NULL,
	"failed_at" timestamp (6) with time zone,
	"last_error" text,
	CONSTRAINT "discoveries_scope_key_fetcher_collector_pk" PRIMARY KEY("scope_key","fetcher","collector")
);
