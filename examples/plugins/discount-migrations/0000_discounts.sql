CREATE TABLE "discount_discounts" (
	"scope_id" text PRIMARY KEY NOT NULL,
	"percent" numeric(5, 2) NOT NULL
);
