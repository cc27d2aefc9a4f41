export { pyscriptsModule } from './pyscripts-module.ts'
export { pyscriptsRoutes } from './routes/routes.ts'
