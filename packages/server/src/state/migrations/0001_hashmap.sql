CREATE TABLE "hashmap_fields" (
	"field_id" uuid PRIMARY KEY DEFAULT gen_random_uuid() NOT NULL,
	"position" bigint GENERATED ALWAYS AS IDENTITY (sequence name "hashmap_fields_position_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"name" varchar(255) NOT NULL,
	"service_id" uuid NOT NULL,
	"created_at" timestamp (6) with time zone NOT NULL,
	"created_by" varchar(255) NOT NULL,
	"deleted" timestamp (6) with time zone,
	"deleted_by" varchar(255)
);
--> statement-breakpoint
CREATE TABLE "hashmap_groups" (
	"group_id" uuid PRIMARY KEY DEFAULT gen_random_uuid() NOT NULL,
	"position" bigint GENERATED ALWAYS AS IDENTITY (sequence name "hashmap_groups_position_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"name" varchar(255) NOT NULL,
	"created_at" timestamp (6) with time zone NOT NULL,
	"created_by" varchar(255) NOT NULL,
	"deleted" timestamp (6) with time zone,
	"deleted_by" varchar(255)
);
--> statement-breakpoint
CREATE TABLE "hashmap_mappings" (
	"mapping_id" uuid PRIMARY KEY DEFAULT gen_random_uuid() NOT NULL,
	"position" bigint GENERATED ALWAYS AS IDENTITY (sequence name "hashmap_mappings_position_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"value" varchar(255),
	"cost" numeric(40, 28) NOT NULL,
	"map_type" varchar(4) NOT NULL,
	"service_id" uuid,
	"field_id" uuid,
	"group_id" uuid,
	"tenant_id" varchar(255),
	"name" varchar(32) NOT NULL,
	"created_at" timestamp (6) with time zone NOT NULL,
	"start" timestamp (6) with time zone NOT NULL,
	"end" timestamp (6) with time zone,
	"description" varchar(256),
	"deleted" timestamp (6) with time zone,
	"created_by" varchar(255) NOT NULL,
	"updated_by" varchar(255),
	"deleted_by" varchar(255),
	"hidden" boolean DEFAULT false NOT NULL,
	CONSTRAINT "hashmap_mappings_parent" CHECK (num_nonnulls("hashmap_mappings"."service_id", "hashmap_mappings"."field_id") = 1)
);
--> statement-breakpoint
CREATE TABLE "hashmap_revision" (
	"id" integer PRIMARY KEY NOT NULL,
	"value" bigint NOT NULL,
	CONSTRAINT "hashmap_revision_single" CHECK ("hashmap_revision"."id" = 1)
);
--> statement-breakpoint
CREATE TABLE "hashmap_services" (
	"service_id" uuid PRIMARY KEY DEFAULT gen_random_uuid() NOT NULL,
	"position" bigint GENERATED ALWAYS AS IDENTITY (sequence name "hashmap_services_position_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"name" varchar(255) NOT NULL,
	"created_at" timestamp (6) with time zone NOT NULL,
	"created_by" varchar(255) NOT NULL,
	"deleted" timestamp (6) with time zone,
	"deleted_by" varchar(255)
);
--> statement-breakpoint
CREATE TABLE "hashmap_thresholds" (
	"version" bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "hashmap_thresholds_version_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"threshold_id" uuid DEFAULT gen_random_uuid() NOT NULL,
	"level" numeric(20, 8) NOT NULL,
	"cost" numeric(40, 28) NOT NULL,
	"map_type" varchar(4) NOT NULL,
	"service_id" uuid,
	"field_id" uuid,
	"group_id" uuid,
	"tenant_id" varchar(255),
	"created_at" timestamp (6) with time zone NOT NULL,
	"created_by" varchar(255) NOT NULL,
	"deleted" timestamp (6) with time zone,
	"deleted_by" varchar(255),
	"start" timestamp (6) with time zone NOT NULL,
	"end" timestamp (6) with time zone,
	"updated_by" varchar(255),
	CONSTRAINT "hashmap_thresholds_parent" CHECK (num_nonnulls("hashmap_thresholds"."service_id", "hashmap_thresholds"."field_id") = 1)
);
--> statement-breakpoint
CREATE TABLE "pyscripts_scripts" (
	"script_id" uuid PRIMARY KEY DEFAULT gen_random_uuid() NOT NULL,
	"position" bigint GENERATED ALWAYS AS IDENTITY (sequence name "pyscripts_scripts_position_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"name" varchar(255) NOT NULL,
	"data" text NOT NULL,
	"checksum" varchar(128) NOT NULL,
	"created_at" timestamp (6) with time zone NOT NULL,
	"start" timestamp (6) with time zone NOT NULL,
	"end" timestamp (6) with time zone,
	"description" varchar(256),
	"deleted" timestamp (6) with time zone,
	"created_by" varchar(255) NOT NULL,
	"updated_by" varchar(255),
	"deleted_by" varchar(255)
);
--> statement-breakpoint
ALTER TABLE "hashmap_fields" ADD CONSTRAINT "hashmap_fields_service_id_hashmap_services_service_id_fk" FOREIGN KEY ("service_id") REFERENCES "public"."hashmap_services"("service_id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "hashmap_mappings" ADD CONSTRAINT "hashmap_mappings_service_id_hashmap_services_service_id_fk" FOREIGN KEY ("service_id") REFERENCES "public"."hashmap_services"("service_id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "hashmap_mappings" ADD CONSTRAINT "hashmap_mappings_field_id_hashmap_fields_field_id_fk" FOREIGN KEY ("field_id") REFERENCES "public"."hashmap_fields"("field_id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "hashmap_mappings" ADD CONSTRAINT "hashmap_mappings_group_id_hashmap_groups_group_id_fk" FOREIGN KEY ("group_id") REFERENCES "public"."hashmap_groups"("group_id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "hashmap_thresholds" ADD CONSTRAINT "hashmap_thresholds_service_id_hashmap_services_service_id_fk" FOREIGN KEY ("service_id") REFERENCES "public"."hashmap_services"("service_id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "hashmap_thresholds" ADD CONSTRAINT "hashmap_thresholds_field_id_hashmap_fields_field_id_fk" FOREIGN KEY ("field_id") REFERENCES "public"."hashmap_fields"("field_id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "hashmap_thresholds" ADD CONSTRAINT "hashmap_thresholds_group_id_hashmap_groups_group_id_fk" FOREIGN KEY ("group_id") REFERENCES "public"."hashmap_groups"("group_id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE UNIQUE INDEX "hashmap_fields_name" ON "hashmap_fields" USING btree ("service_id","name") WHERE "hashmap_fields"."deleted" is null;--> statement-breakpoint
CREATE UNIQUE INDEX "hashmap_groups_name" ON "hashmap_groups" USING btree ("name") WHERE "hashmap_groups"."deleted" is null;--> statement-breakpoint
CREATE UNIQUE INDEX "hashmap_mappings_name" ON "hashmap_mappings" USING btree ("name") WHERE "hashmap_mappings"."deleted" is null;--> statement-breakpoint
CREATE INDEX "hashmap_mappings_service" ON "hashmap_mappings" USING btree ("service_id");--> statement-breakpoint
CREATE INDEX "hashmap_mappings_field" ON "hashmap_mappings" USING btree ("field_id");--> statement-breakpoint
CREATE INDEX "hashmap_mappings_group" ON "hashmap_mappings" USING btree ("group_id");--> statement-breakpoint
CREATE UNIQUE INDEX "hashmap_services_name" ON "hashmap_services" USING btree ("name") WHERE "hashmap_services"."deleted" is null;--> statement-breakpoint
CREATE UNIQUE INDEX "hashmap_thresholds_id" ON "hashmap_thresholds" USING btree ("threshold_id") WHERE "hashmap_thresholds"."deleted" is null;--> statement-breakpoint
CREATE INDEX "hashmap_thresholds_service" ON "hashmap_thresholds" USING btree ("service_id");--> statement-breakpoint
CREATE INDEX "hashmap_thresholds_field" ON "hashmap_thresholds" USING btree ("field_id");--> statement-breakpoint
CREATE INDEX "hashmap_thresholds_group" ON "hashmap_thresholds" USING btree ("group_id");--> statement-breakpoint
CREATE UNIQUE INDEX "pyscripts_scripts_name" ON "pyscripts_scripts" USING btree ("name") WHERE "pyscripts_scripts"."deleted" is null;--> statement-breakpoint
INSERT INTO "hashmap_revision" ("id", "value") VALUES (1, 0);
