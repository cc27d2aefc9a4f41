export { hashmapModule } from './hashmap-module.ts'
