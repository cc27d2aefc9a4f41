CREATE TABLE "chores" (
	"name" text PRIMARY KEY NOT NULL,
	"not_before" timestamp (6) with time zone NOT NULL
);
