CREATE TABLE "clocks" (
	"boot_id" text PRIMARY KEY NOT NULL,
	"time" double precision NOT NULL,
	"uptime" double precision NOT NULL,
	"off_seconds" double precision NOT NULL,
	"since" double precision
);
