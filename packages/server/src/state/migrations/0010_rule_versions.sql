DROP INDEX "hashmap_mappings_name";--> statement-breakpoint
DROP INDEX "hashmap_thresholds_id";--> statement-breakpoint
DROP INDEX "pyscripts_scripts_name";--> statement-breakpoint
ALTER TABLE "hashmap_mappings" ADD COLUMN "version_of" uuid;--> statement-breakpoint
ALTER TABLE "pyscripts_scripts" ADD COLUMN "version_of" uuid;--> statement-breakpoint
CREATE INDEX "hashmap_mappings_version_of" ON "hashmap_mappings" USING btree ("version_of");--> statement-breakpoint
CREATE INDEX "pyscripts_scripts_version_of" ON "pyscripts_scripts" USING btree ("version_of");--> statement-breakpoint
CREATE UNIQUE INDEX "hashmap_mappings_name" ON "hashmap_mappings" USING btree ("name") WHERE "hashmap_mappings"."deleted" is null and "hashmap_mappings"."version_of" is null;--> statement-breakpoint
CREATE UNIQUE INDEX "hashmap_thresholds_id" ON "hashmap_thresholds" USING btree ("threshold_id") WHERE "hashmap_thresholds"."deleted" is null and "hashmap_thresholds"."end" is null;--> statement-breakpoint
CREATE UNIQUE INDEX "pyscripts_scripts_name" ON "pyscripts_scripts" USING btree ("name") WHERE "pyscripts_scripts"."deleted" is null and "pyscripts_scripts"."version_of" is null;