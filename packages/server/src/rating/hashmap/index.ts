export { hashmapModule } from './hashmap-module.ts'
export { hashmapRoutes } from './routes/routes.ts'
